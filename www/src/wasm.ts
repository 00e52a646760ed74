/** Where the stores' wasm is: a file beside the page, fetched at once, since every store waits for it. */
import { initWasm } from "bytestow/slim";

initWasm(fetch(new URL("bytestow.wasm", document.baseURI)));
