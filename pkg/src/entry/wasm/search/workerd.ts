/** Cloudflare Workers: a `.wasm` import is a compiled module there, and bytes may not be compiled in a request. */

import { provideSearchWasm } from "../../../search/source.js";
import module from "../../../wasm/bytestow_search_bg.wasm";

provideSearchWasm({ module, shareable: true, isolated: true });
