// What a page offers to the test that drives it.

import { runTask } from "./stores.mjs";

globalThis.runTask = runTask;
