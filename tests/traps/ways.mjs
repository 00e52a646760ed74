/** The ways to trap, of the package `bytestow-trap`. Each gives when it is over. */

import { assert, error, isInternal, same, tick } from "./expect.mjs";

/** Deeper than any stack of wasm's. */
export const TOO_DEEP = 10_000_000;

/**
 * @param {any} glue the package's `dist/wasm/bytestow_wasm.js`
 * @param {(work: () => unknown) => any} enter how the package enters wasm
 */
export function ways(glue, enter) {
  const entered = (work) => async () => isInternal(await error(Promise.resolve().then(() => enter(work))));
  return {
    "a panic": async () => assert((await error(call(() => glue.trapNow()))) instanceof WebAssembly.RuntimeError),
    "a panic in a call of a store's": entered(() => glue.trapNow()),
    "a panic in a task that nobody awaits": async () => {
      let go;
      const id = glue.trapLater(new Promise((resolve) => { go = resolve; })); // biome-ignore format: one line
      same(typeof id, "number");
      await tick();
      go("now");
      await tick();
    },
    "a panic in a task": async () => {
      let go;
      const task = error(enter(() => glue.trapLater(new Promise((resolve) => { go = resolve; })))); // biome-ignore format: one line
      await tick();
      go("now");
      isInternal(await task);
    },
    "a stack overflow in a task": async () => {
      let go;
      const settled = new Promise((resolve) => { go = resolve; }); // biome-ignore format: one line
      const task = error(enter(() => glue.trapDeepLater(settled, TOO_DEEP)));
      await tick();
      go("now");
      isInternal(await task);
    },
    "a stack overflow": entered(() => glue.trapDeep(TOO_DEEP)),
  };
}

async function call(work) {
  return work();
}
