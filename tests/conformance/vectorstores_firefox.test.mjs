// The rules on vector stores, on ours in a page of Firefox.

import { openFirefox, version } from "../support/firefox.mjs";
import { vectorStoresIn } from "./vectorstores/browser_suite.mjs";

vectorStoresIn({ name: "Firefox", runtime: `firefox ${version()}`, open: openFirefox });
