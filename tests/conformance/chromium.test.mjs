// The contract on our stores in Chromium.

import { execFileSync } from "node:child_process";
import { executable, openProfile } from "../support/chromium.mjs";
import { contractIn } from "./grid/browser_suite.mjs";

const version = execFileSync(executable(), ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

contractIn({ name: "chromium", runtime: `chromium ${/\d+/u.exec(version)?.[0]}`, open: openProfile });
