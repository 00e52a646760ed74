/** What the page of a browser does that is going to be killed: it saves, and tells of each call before and after. */

import { IndexedDBByteStore } from "bytestow";
import { readDatabase } from "./database.mjs";
import { actOf, drawGroup, savedGroups, thirdOf } from "./groups.mjs";
import { Observer } from "./observer.mjs";
import { random } from "./random.mjs";
import { makeValue } from "./values.mjs";

/** Who writes. */
const TAB = 1;
/** The most calls that are under way at once. */
const AHEAD = 3;

const named = ([{ name }, number]) => [name, number];

export class Saver {
  #name;
  #store;
  #groups = savedGroups();
  #numbers;

  /** `numbers` has, of each group, the last number that a call of an earlier page may have. */
  constructor({ name, durability, numbers }) {
    this.#name = name;
    this.#numbers = numbers;
    const onEvent = ({ type, key, reason }) => {
      if (type === "compact") this.#tell({ compacted: true });
      if (type === "corrupt") this.#tell({ corrupt: `${key}: ${reason}` });
    };
    this.#store = new IndexedDBByteStore({ name, durability, onEvent });
  }

  /** What is there: the state of each group, and what is wrong. */
  async found() {
    const observer = new Observer(() => undefined);
    const values = await this.#store.mget(this.#groups.flatMap(({ keys }) => keys));
    const states = observer.states(this.#groups, values);
    const known = new Set(this.#groups.flatMap(({ keys }) => keys));
    for await (const key of this.#store.yieldKeys()) if (!known.has(key)) observer.complain(`${key} was never written`);
    return { complaints: observer.complaints, states: this.#groups.map(({ name }, at) => [name, states[at]]) };
  }

  /**
   * Saves for as long as the browser lives, and says when it is time to kill it. It may begin with a call of more than
   * one transaction (`huge`), or with one of which most is deleted again, so that there is much to compact (`thin`).
   */
  async save({ seed, first }) {
    const draw = random(seed);
    const pending = [];
    const huge = this.#groups.at(-1);
    if (first === "thin") {
      const put = this.#next(huge, (act, number) => act === "put" && actOf(huge, number + 1) === "prune");
      await this.#call(await this.#announce([[huge, put]]));
      await this.#call(await this.#announce([[huge, this.#next(huge)]]));
    }
    if (first === "huge") {
      const put = this.#next(huge, (act) => act === "put");
      const called = this.#call(await this.#announce([[huge, put]]));
      pending.push(called);
      await Promise.race([called, this.#firstPart()]);
    }
    await this.#tell({ ready: true });
    for (;;) {
      const writes = this.#choose(draw).map((group) => [group, this.#next(group)]);
      pending.push(this.#call(await this.#announce(writes)));
      if (pending.length === AHEAD || draw() < 0.3) await Promise.all(pending.splice(0));
    }
  }

  /** Waits until there are segments that no row names yet. */
  async #firstPart() {
    while ((await readDatabase(this.#name)).lost.length === 0);
  }

  /** One group, or several that are put in one call. */
  #choose(draw) {
    if (draw() < 0.6) return [drawGroup(this.#groups, draw)];
    const some = new Set(Array.from({ length: 2 + draw.below(10) }, () => draw.of(this.#groups.slice(0, -1))));
    const put = [...some].filter((group) => actOf(group, this.#numbers[group.name].last + 1) === "put");
    return put.length > 0 ? put : [this.#groups[0]];
  }

  /** The number of the group's next write, of those that `may` be. */
  #next(group, may = () => true) {
    const numbers = this.#numbers[group.name];
    for (;;) {
      const number = ++numbers.last;
      const act = actOf(group, number);
      // What an earlier page began may not be there to be pruned.
      if (may(act, number) && (act !== "prune" || numbers.isOurs)) {
        numbers.isOurs = true;
        return number;
      }
      numbers.isOurs = false;
    }
  }

  /** Tells of the writes, `[group, number]` each, that are about to be made. Awaited, so that they are made in order. */
  async #announce(writes) {
    await this.#tell({ begun: writes.map(named) });
    return writes;
  }

  /** Makes them, in one call. */
  async #call(writes) {
    await this.#write(writes);
    await this.#tell({ done: writes.map(named) });
  }

  async #write(writes) {
    const [[group, number]] = writes;
    const act = actOf(group, number);
    if (act === "put") {
      const pairs = writes.flatMap(([group, number]) =>
        group.keys.map((key) => [key, makeValue(key, TAB, number, group.bytes)]),
      );
      await this.#store.mset(pairs);
    } else if (act === "prune") {
      const kept = new Set(thirdOf(group));
      await this.#store.mdelete(group.keys.filter((key) => !kept.has(key)));
    } else {
      await this.#store.mdelete(group.keys);
    }
  }

  async #tell(what) {
    await fetch("/told/", { method: "POST", body: JSON.stringify(what) });
  }

  /** Deletes all there is. */
  async empty() {
    await this.#store.mdelete(this.#groups.flatMap(({ keys }) => keys));
  }
}
