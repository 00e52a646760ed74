/** Vercel's edge runtime: the module comes from another realm, so that it must be instantiated asynchronously. */

import { provideSearchWasm } from "../../../search/source.js";
import module from "../../../wasm/bytestow_search_bg.wasm?module";

provideSearchWasm({ load: async () => module, shareable: false, isolated: true });
