// The rules on vector stores, on ours in a page of Firefox.

import { openFirefox, version } from "../support/firefox.mjs";
import { kitIn } from "./kits/browser_suite.mjs";
import { VECTORSTORES } from "./kits/kits.mjs";

kitIn(VECTORSTORES, { name: "Firefox", runtime: `firefox ${version()}`, open: openFirefox });
