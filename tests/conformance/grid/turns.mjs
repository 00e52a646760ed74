// When a suite runs which rule. Where the kit cannot turn the clock, entries live as long as they do: rules on that wait
// together, behind all others, and on what is otherwise idle.

import test, { describe } from "node:test";

const WAITING = /: T[1-5]-[\w-]+: /u;

/** Takes tests by {@link Turns.test}, as `test` of `node:test` does, in the midst of a suite. */
export class Turns {
  #waiting = [];

  test = (name, body) => {
    if (WAITING.test(name)) this.#waiting.push([name, body]);
    else test(name, body);
  };

  /** Registers what waits. */
  finish() {
    describe("rules that wait for entries to expire", { concurrency: true }, () => {
      for (const [name, body] of this.#waiting) test(name, body);
    });
  }
}
