/** Browsers, Node, Deno, Bun: the search wasm is inlined, so that no bundler has to know of it. */

import { decode } from "../../../core/inline.js";
import { provideSearchWasm } from "../../../search/source.js";
import { gzipped } from "../../../wasm/search_inline.js";

provideSearchWasm({ load: () => decode(gzipped), shareable: true, isolated: false });
