/** What is done to stores, in whatever runtime: steps that a test asks for one by one. Nothing here is Node's. */

import { make } from "./stores.mjs";

/** Keys that are in a store at a time: few, so that wasm has little free memory that a leak could hide in. */
const AT_A_TIME = 1_000;
const BYTES = 32;
const ONE_WATCHED_IN = 17;
/** Below it are wasm-bindgen's constants and what was never used. */
const FIRST_HANDLE = 1_028;

/** @param {import("../support/programs/drivers.mjs").Copy} copy */
export function steps({ bytestow, glue, watched }) {
  let store;
  /** Objects of calls that the collector has not taken, of those watched. */
  let uncollected = 0;
  let calls = 0;
  const seen = globalThis.FinalizationRegistry && new FinalizationRegistry(() => uncollected--);
  const watch = (object) => {
    // To be told of each would take longer than the calls.
    if (calls++ % ONE_WATCHED_IN !== 0 || seen === undefined || object === undefined) return object;
    uncollected++;
    seen.register(object);
    return object;
  };
  /** Stores that a step is told to hold on to. */
  const held = [];

  /** Runs `call` on each batch of the keys, `wave` at a time. */
  async function pass(batches, wave, call) {
    for (let at = 0; at < batches.length; at += wave) {
      await Promise.all(batches.slice(at, at + wave).map((keys) => watch(call(keys))));
    }
  }

  return {
    open({ row, server }) {
      store = make(bytestow, row, server);
    },

    /** Sets `keys` keys, reads and deletes them again, `perCall` in a call. */
    async round({ keys, perCall, wave = 1 }) {
      for (let done = 0; done < keys; done += AT_A_TIME) {
        const batches = [];
        for (let at = done; at < Math.min(done + AT_A_TIME, keys); at += perCall) {
          batches.push(Array.from({ length: perCall }, (_, index) => `key ${at + index}`));
        }
        await pass(batches, wave, (all) => store.mset(all.map((key) => [key, new Uint8Array(BYTES).fill(7)])));
        await pass(batches, wave, async (all) => {
          const values = watch(await store.mget(all));
          if (values.length !== perCall || values.some((value) => watch(value)?.[BYTES - 1] !== 7)) {
            throw new Error(`what was stored is not there: ${all[0]}`);
          }
        });
        await pass(batches, wave, (all) => store.mdelete(all));
      }
      for await (const key of store.yieldKeys()) throw new Error(`still there: ${key}`);
    },

    async end() {
      await store.close();
      store = undefined;
    },

    /** Opens `times` stores of the row `row` with something in each, and closes them; they are still held. */
    async openAndClose({ times, row }) {
      await openSome(times, row, (opened) => {
        held.push(opened);
        return opened.close();
      });
    },

    /** Opens as many, and forgets them open, with a listing under way in each. */
    async openAndForget({ times, row }) {
      await openSome(times, row, (opened) => opened.yieldKeys().next());
    },

    letGo() {
      held.length = 0;
    },

    /** The wasm memory in pages, the objects that wasm holds, those of calls that were not collected. */
    async wasm() {
      const exports = await glue.default();
      const memory = watched.exported(exports, WebAssembly.Memory);
      // Of what JavaScript hands in: functions are called by exports.
      const table = watched.exported(exports, WebAssembly.Table);
      let handles = 0;
      for (let at = FIRST_HANDLE; at < table.length; at++) {
        // Freed slots hold null; growth leaves undefined.
        if ((table.get(at) ?? undefined) !== undefined) handles++;
      }
      return { pages: memory.buffer.byteLength / 65_536, handles, uncollected };
    },
  };

  async function openSome(times, row, leave) {
    for (let time = 0; time < times; time++) {
      // The functions are what wasm holds of a store.
      const opened = make(bytestow, row, undefined, { onEvent: () => {} });
      await opened.mset([
        ["a", new Uint8Array(1_000)],
        ["b", new Uint8Array(1_000)],
      ]);
      await leave(opened);
    }
  }
}
