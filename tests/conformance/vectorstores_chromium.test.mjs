// The rules on vector stores, on ours in a page of Chromium.

import { execFileSync } from "node:child_process";
import { executable, openProfile } from "../support/chromium.mjs";
import { vectorStoresIn } from "./vectorstores/browser_suite.mjs";

const version = execFileSync(executable(), ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

vectorStoresIn({ name: "Chromium", runtime: `chromium ${/\d+/u.exec(version)?.[0]}`, open: openProfile });
