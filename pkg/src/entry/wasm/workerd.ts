/** Cloudflare Workers: a `.wasm` import is a compiled module there, and bytes may not be compiled in a request. */

import { provideWasm } from "../../core/source.js";
import module from "../../wasm/bytestow_wasm_bg.wasm";

provideWasm({ module, shareable: true, isolated: true });
