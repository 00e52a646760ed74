/**
 * How long calls of 1,000 values hold the page's thread.
 *
 * @import { Row } from "../../measure.mjs"
 */

import { watched } from "../../embeddings/tasks.mjs";
import { settle } from "../../measure.mjs";
import { check, Source } from "../../values.mjs";
import { CALLS, COUNT, groups, OURS, RIVALS, TASKS } from "../names.mjs";
import { closeAll, openAll } from "./peers.mjs";

const BYTES = 6144;

/**
 * Apart from what is timed: the messages that watch take time themselves.
 *
 * @param {{ browser: string, rounds: number, warmUps: number }} options
 * @returns {Promise<Row[]>} In ms; 0 where no task took 50.
 */
export async function indexedDbTasks({ browser, rounds, warmUps }) {
  const group = groups.tasks(browser);
  const stores = openAll([OURS, ...RIVALS], "tasks");
  const source = new Source(19);
  const rows = [];
  for (const call of [CALLS.mset, CALLS.mget]) {
    for (const what of Object.values(TASKS)) {
      const samples = Object.fromEntries(Object.keys(stores).map((name) => [name, []]));
      rows.push({ group, label: `${call}: ${what}`, unit: "ms", samples });
    }
  }
  for (let round = 0; round < warmUps + rounds; round++) {
    console.info(`${group}: round ${round + 1} of ${warmUps + rounds}`);
    for (const [name, store] of Object.entries(stores)) {
      const batch = source.batch(COUNT, BYTES);
      let got;
      const calls = {
        [CALLS.mset]: () => store.mset(batch),
        [CALLS.mget]: async () => {
          got = await store.mget(batch.keys);
        },
      };
      for (const [label, call] of Object.entries(calls)) {
        await settle();
        const { task, gap } = await watched(call);
        if (round < warmUps) continue;
        const figures = { [TASKS.task]: task, [TASKS.gap]: gap };
        for (const [what, figure] of Object.entries(figures)) {
          rows.find((row) => row.label === `${label}: ${what}`).samples[name].push(figure);
        }
      }
      check(name, got, batch.values);
    }
  }
  await closeAll(stores);
  return rows;
}
