/** Vercel's edge runtime: the module comes from another realm, so that it must be instantiated asynchronously. */

import { provideWasm } from "../../core/source.js";
import module from "../../wasm/bytestow_wasm_bg.wasm?module";

provideWasm({ load: async () => module, shareable: false, isolated: true });
