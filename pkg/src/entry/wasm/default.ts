/** Browsers, Node, Deno, Bun: the wasm is inlined, so that no bundler has to know of it. */

import { decode } from "../../core/inline.js";
import { provideWasm } from "../../core/source.js";
import { gzipped } from "../../wasm/inline.js";

provideWasm({ load: () => decode(gzipped), shareable: true, isolated: false });
