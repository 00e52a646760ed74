/** Where the wasm of the search is; fetched by the first search. */
import { initSearchWasm } from "bytestow/slim/vectorstores";

initSearchWasm(new URL("search.wasm", document.baseURI));
