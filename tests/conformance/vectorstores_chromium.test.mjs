// The rules on vector stores, on ours in a page of Chromium.

import { chromium, kitIn } from "./kits/browser_suite.mjs";
import { VECTORSTORES } from "./kits/kits.mjs";

kitIn(VECTORSTORES, chromium());
