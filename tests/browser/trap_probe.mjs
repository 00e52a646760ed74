/** The trapping package in a page. */

import * as bytestow from "bytestow-trap";
import * as glue from "../node_modules/bytestow-trap/dist/wasm/bytestow_wasm.js";

Object.assign(globalThis, { bytestow, glue, ready: true });
