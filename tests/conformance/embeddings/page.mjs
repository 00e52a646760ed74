// What a page offers to the test that drives it.

import { runTask } from "./caches.mjs";

globalThis.runTask = runTask;
