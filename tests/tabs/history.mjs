/** Runs a history: some tabs of one browser do their rounds at once, and what they have seen is judged. */

import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./browsers.mjs";
import { judge } from "./judge.mjs";

/** How often the rounds are done at most. */
const TIMES = 5;

/**
 * @param browser of `open` in browsers.mjs
 * @param until whether enough has happened, from what the tabs tell and what is wrong with it: unless it has, they do as
 *   many rounds again, a few times
 * @param tabs of each tab: whether it works in a `worker`, its `memoryBytes`, whether it has `locks` and `stays` open, how it `breaks`
 */
export async function history(browser, { name, seed, rounds, until = () => true, tabs }) {
  const opened = [];
  const all = (call, argument) => Promise.all(opened.map((tab) => run(tab, call, argument)));
  for (const [at, { worker, ...options }] of tabs.entries()) {
    const tab = await browser.tab();
    opened.push(tab);
    if (worker) await tab.evaluate(() => globalThis.moveToWorker());
    await run(tab, "begin", { name, seed, tab: at + 1, tabs: tabs.length, ...options });
  }
  let told;
  // What was found once stays found: a tab that errs now and then may find in the end what is there.
  const wrong = new Set();
  const hold = (states) => {
    for (const each of judge(told, states)) wrong.add(each);
  };
  for (let times = 0; times < TIMES && !(told && until(told, [...wrong])); times++) {
    await all("work", rounds);
    told = await all("told");
    hold(await all("states"));
  }
  // A tab that has just come finds the same as those that were there.
  const late = await browser.tab();
  await run(late, "begin", { name, seed, tab: 1, tabs: tabs.length });
  opened.push(late);
  hold(await all("states"));
  return {
    told,
    wrong: [...wrong],
    /** What stays is what is needed, and when nothing is needed any more nothing stays. */
    async wear() {
      await sleep(500); // what expires has expired
      const keys = await all("keys");
      const kept = await settled(late, name, () => all("states"));
      await run(opened[0], "deleteAll");
      const empty = await settled(
        late,
        name,
        () => all("states"),
        (look) => look.segments === 0,
      );
      return { keys, kept, empty };
    },
    async end() {
      await all("end");
      for (const tab of opened) await tab.close();
    },
  };
}

/**
 * The database when maintenance, which goes on behind calls, is done with it. That can take a minute: segments that no row
 * names, and that may be of a call under way, go at a second look.
 */
export async function settled(tab, name, call, isDone = (look) => look.orphans.length === 0) {
  const limit = Date.now() + 120_000;
  for (let tries = 1; ; tries++) {
    await call();
    const look = await tab.evaluate((name) => globalThis.look(name), name);
    if (isDone(look) || Date.now() > limit) return look;
    await sleep(Math.min(100 * tries, 2_000));
  }
}
