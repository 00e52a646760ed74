// The rules on embeddings caches, on ours in a page of Chromium.

import { chromium, kitIn } from "./kits/browser_suite.mjs";
import { EMBEDDINGS } from "./kits/kits.mjs";

kitIn(EMBEDDINGS, chromium(), { shares: true });
