// The dedicated worker of a tab of the grid.

import { runTask } from "./browser.mjs";

addEventListener("message", async ({ data: { id, task } }) => postMessage({ id, result: await runTask(task) }));
