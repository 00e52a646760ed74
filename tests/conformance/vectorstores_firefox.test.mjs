// The rules on vector stores, on ours in a page of Firefox: over what is Firefox's own, alone and before a remote store. Over
// the others they run in Chromium.

import { openFirefox, version } from "../support/firefox.mjs";
import { kitIn } from "./kits/browser_suite.mjs";
import { VECTORSTORES } from "./kits/kits.mjs";

const stores = ["IndexedDB", "tiered: IndexedDB, Upstash"];
kitIn(VECTORSTORES, { name: "Firefox", runtime: `firefox ${version()}`, open: openFirefox, stores });
