/**
 * What a tab may read, by what it knows: the checker of histories. It complains of
 *
 * - a value that was never written under its key, or not whole;
 * - a batch of which only a part is there;
 * - a state older than one that was acknowledged, or read by any tab, before the read began (a tab hears of the others'
 *   over a channel, without any clock);
 * - an own state that is not that of the last call.
 */

import { nextNothing, stateAfter } from "./groups.mjs";
import { readValue } from "./values.mjs";

export class Observer {
  /** What was found wrong. */
  complaints = [];
  /** Of shared groups: the writes in the order in which this tab met them, its own among them. */
  met = {};
  /** Deletions that were met before they were known to be acknowledged: which, and when at the latest. */
  supposed = [];
  #floors = new Map();
  #tell;

  /** `tell` is given what other observers should `hear`. */
  constructor(tell) {
    this.#tell = tell;
  }

  /** Of the group `name`, the write `number` of `writer` has taken effect. */
  hear({ name, writer, number }) {
    const floor = `${name} ${writer}`;
    if (number > (this.#floors.get(floor) ?? 0)) this.#floors.set(floor, number);
  }

  /** The same, and others are to know. */
  #learn(name, writer, number) {
    if (number <= this.#floor(name, writer)) return;
    this.hear({ name, writer, number });
    this.#tell({ name, writer, number });
  }

  #floor(name, writer) {
    return this.#floors.get(`${name} ${writer}`) ?? 0;
  }

  /** The own write `number` of a group was acknowledged. */
  acknowledged(group, writer, number) {
    this.#learn(group.name, writer, number);
  }

  /** The tab calls for the write `number` of a shared group. */
  meets(group, writer, number) {
    this.met[group.name] ??= [];
    const met = this.met[group.name];
    const write = `${writer}:${number}`;
    if (met.at(-1) !== write) met.push(write);
  }

  /**
   * A read of `groups` begins. What it gives is given to the function returned. `issued` is, of a group of the tab's own,
   * the number of its last call.
   */
  reading(groups, tabs, issued) {
    const floors = groups.map((group) =>
      group.owner === undefined
        ? tabs.map((writer) => this.#floor(group.name, writer))
        : this.#floor(group.name, group.owner),
    );
    const exact = groups.map(issued);
    return (values) => {
      let at = 0;
      for (const [index, group] of groups.entries()) {
        const own = values.slice(at, at + group.keys.length);
        at += group.keys.length;
        if (group.owner === undefined) this.#checkShared(group, own, floors[index], tabs);
        else this.#checkOwned(group, own, floors[index], exact[index]);
      }
    };
  }

  #checkOwned(group, values, floor, exact) {
    const { name, owner } = group;
    const found = this.#stateOf(group, values);
    if (found === undefined) return;
    if (found.write && found.write.writer !== owner) {
      this.complain(`${name}: read a write of tab ${found.write.writer}`);
      return;
    }
    if (exact !== undefined) {
      const expected = stateAfter(group, exact);
      if (found.state !== expected) this.complain(`${name}: read ${found.state} after own calls came to ${expected}`);
      return;
    }
    let number = nextNothing(group, floor);
    if (found.write) {
      number = found.write.number + (found.state.startsWith("a third") ? 1 : 0);
      if (stateAfter(group, number) !== found.state) {
        this.complain(`${name}: read ${found.state}, which never was`);
        return;
      }
      if (number < floor) this.complain(`${name}: read ${found.state} when write ${floor} was known to be done`);
    } else if (number > floor) {
      this.supposed.push({ name, number, at: now() });
    }
    this.#learn(name, owner, number);
  }

  #checkShared(group, values, floors, tabs) {
    const { name } = group;
    const found = this.#stateOf(group, values);
    if (found === undefined) return;
    if (!found.write) {
      const mustBe = group.kept && floors.some((floor) => floor > 0);
      if (mustBe) this.complain(`${name}: read nothing, and nobody deletes it`);
      return;
    }
    const { writer, number } = found.write;
    const at = tabs.indexOf(writer);
    if (at < 0 || found.state.startsWith("a third")) {
      this.complain(`${name}: read ${found.state} by ${writer}, which never was`);
    } else if (number < floors[at]) {
      this.complain(
        `${name}: read write ${number} of tab ${writer}, known to be superseded by its write ${floors[at]}`,
      );
    } else {
      this.meets(group, writer, number);
      this.#learn(name, writer, number);
    }
  }

  /** What state the values of a group are, and by what write; `undefined` if they are none, which is complained of. */
  #stateOf({ name, keys }, values) {
    const writes = new Set();
    let shape = "";
    try {
      for (const [at, value] of values.entries()) {
        shape += value ? "x" : "-";
        if (!value) continue;
        const { writer, number } = readValue(keys[at], value);
        writes.add(`${writer}:${number}`);
      }
    } catch (error) {
      this.complain(`${name}: ${error.message}`);
      return undefined;
    }
    if (writes.size === 0) return { state: "nothing" };
    const [writer, number] = [...writes][0].split(":").map(Number);
    const isAll = !shape.includes("-");
    const isThird = [...shape].every((mark, at) => mark === (at % 3 ? "-" : "x"));
    if (writes.size > 1 || (!isAll && !isThird)) {
      this.complain(`${name}: a torn batch: ${shape}, of the writes ${[...writes].join(", ")}`);
      return undefined;
    }
    return { state: `${isAll ? "all" : "a third"} of ${number}`, write: { writer, number } };
  }

  /** States as a text each, for comparison. */
  states(groups, values) {
    let at = 0;
    return groups.map((group) => {
      const own = values.slice(at, at + group.keys.length);
      at += group.keys.length;
      const found = this.#stateOf(group, own);
      return found?.write && group.owner === undefined ? `${found.state} by ${found.write.writer}` : found?.state;
    });
  }

  complain(what) {
    if (this.complaints.length < 50) this.complaints.push(what);
  }
}

/** A time that all tabs of a browser share, in ms. */
export function now() {
  return performance.timeOrigin + performance.now();
}
