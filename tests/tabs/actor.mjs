/** One tab's part in a history: its calls, drawn by its seed, and the checks of what they give. */

import { IndexedDBByteStore } from "bytestow";
import { broken } from "./broken.mjs";
import { actOf, drawGroup, ownGroups, sharedGroups, thirdOf } from "./groups.mjs";
import { now, Observer } from "./observer.mjs";
import { random } from "./random.mjs";
import { makeValue, readValue } from "./values.mjs";

/** The most calls that are under way at once. */
const AHEAD = 3;
/** After so many rounds a tab rests. */
const BURST = 60;

export class Actor {
  #options;
  #store;
  #random;
  #observer;
  #channel;
  #tabs;
  #own;
  #shared;
  #others;
  #pending = [];
  /** Of each own group and shared group, the number of this tab's last call. */
  #issued = {};
  /** When deletions of own groups were called for. */
  #deletions = {};
  /** Keys that this tab was the first to store. */
  #won = [];
  #tried = new Set();
  /** What the keys that are stored once hold. */
  #once = new Map();
  #events = {};
  #rounds = 0;
  #writes = 0;
  #reads = 0;

  /** `tab` is a number from 1 to `tabs`. */
  constructor(options) {
    this.#options = options;
    const { seed, name, tab, tabs } = options;
    this.#random = random(`${seed} tab ${tab}`);
    this.#tabs = Array.from({ length: tabs }, (_, at) => at + 1);
    this.#own = ownGroups(tab);
    this.#shared = sharedGroups();
    this.#others = this.#tabs.filter((other) => other !== tab).flatMap(ownGroups);
    this.#channel = new BroadcastChannel(name);
    this.#observer = new Observer((known) => this.#channel.postMessage(known));
    this.#channel.onmessage = ({ data }) => this.#observer.hear(data);
    for (const { name } of [...this.#own, ...this.#shared]) this.#issued[name] = 0;
    this.#open();
  }

  #open() {
    const { name, memoryBytes, breaks } = this.#options;
    const onEvent = (event) => {
      this.#events[event.type] = (this.#events[event.type] ?? 0) + 1;
      if (event.type === "corrupt") this.#observer.complain(`told of damage: ${event.key}: ${event.reason}`);
    };
    const store = new IndexedDBByteStore({ name, memoryBytes, onEvent });
    this.#store = breaks ? broken(store, breaks) : store;
  }

  /** Does so many rounds more. */
  async work(rounds) {
    for (const end = this.#rounds + rounds; this.#rounds < end; this.#rounds++) {
      const round = this.#rounds;
      const drawn = this.#random.below(100);
      if (drawn < 34) await this.#writeOwn();
      else if (drawn < 42) this.#putSeveral();
      else if (drawn < 57) await this.#writeShared();
      else if (drawn < 86) await this.#read(round);
      else if (drawn < 90) await this.#list();
      else if (drawn < 95) await this.#storeOnce(Math.floor(round / 20));
      else if (drawn < 98) this.#storeForAMoment(round);
      else if (!this.#options.stays) await this.#reopen();
      if (this.#pending.length >= AHEAD || this.#random() < 0.7) await this.#settle();
      if (round % BURST === BURST - 1) await this.#rest();
    }
    await this.#settle();
  }

  /** Maintenance begins when calls pause; the other tabs go on. */
  async #rest() {
    await this.#settle();
    await new Promise((resolve) => setTimeout(resolve, 40));
  }

  /** Waits for all calls under way. */
  async #settle() {
    await Promise.all(this.#pending.splice(0));
  }

  /** Advances a group that nobody else writes. */
  async #writeOwn() {
    const group = drawGroup(this.#own, this.#random);
    const { tab } = this.#options;
    const act = actOf(group, this.#issued[group.name] + 1);
    // It goes through another handle, which knows nothing of the calls under way.
    if (act === "clear") await this.#settle();
    const number = ++this.#issued[group.name];
    if (act === "delete" || act === "clear") this.#deletions[`${group.name} ${number}`] = now();
    this.#writes++;
    const done = this.#act(group, act, number);
    this.#pending.push(done.then(() => this.#observer.acknowledged(group, tab, number)));
    if (act === "clear") await this.#settle();
  }

  /** Puts several groups in one call: what stands side by side is then replaced piece by piece. */
  #putSeveral() {
    const { tab } = this.#options;
    const chosen = Array.from({ length: 2 + this.#random.below(12) }, () => this.#random.of(this.#own));
    const put = [...new Set(chosen)].filter((group) => actOf(group, this.#issued[group.name] + 1) === "put");
    const writes = put.map((group) => [group, ++this.#issued[group.name]]);
    const pairs = writes.flatMap(([group, number]) =>
      group.keys.map((key) => [key, makeValue(key, tab, number, group.bytes)]),
    );
    this.#writes++;
    const acknowledge = () => {
      for (const [group, number] of writes) this.#observer.acknowledged(group, tab, number);
    };
    this.#pending.push(this.#store.mset(pairs).then(acknowledge));
  }

  async #act(group, act, number) {
    const { name, tab } = this.#options;
    if (act === "put") {
      const pairs = group.keys.map((key) => [key, makeValue(key, tab, number, group.bytes)]);
      await this.#store.mset(pairs);
    } else if (act === "prune") {
      const kept = new Set(thirdOf(group));
      await this.#store.mdelete(group.keys.filter((key) => !kept.has(key)));
    } else if (act === "delete") {
      await this.#store.mdelete(group.keys);
    } else {
      const part = new IndexedDBByteStore({ name, namespace: group.name });
      await part.clear();
      await part.close();
    }
  }

  async #writeShared() {
    const { tab } = this.#options;
    const group = this.#random.of(this.#shared);
    this.#writes++;
    if (!group.kept && this.#random() < 0.3) {
      this.#pending.push(this.#store.mdelete(group.keys));
      return;
    }
    const number = ++this.#issued[group.name];
    this.#observer.meets(group, tab, number);
    const written = this.#store.mset(group.keys.map((key) => [key, makeValue(key, tab, number, group.bytes)]));
    this.#pending.push(written.then(() => this.#observer.acknowledged(group, tab, number)));
  }

  async #read(round) {
    const all = [...this.#own, ...this.#shared, ...this.#shared, ...this.#others];
    const several = () => [...new Set(Array.from({ length: 1 + this.#random.below(5) }, () => this.#random.of(all)))];
    // Now and then two calls in one turn, which may share a transaction; now and then everything.
    const reads = this.#random() < 0.15 ? [several(), several()] : [several()];
    if (round % 40 === 39) reads[0] = [...new Set(all)];
    const checks = reads.map((groups) => this.#observer.reading(groups, this.#tabs, (group) => this.#exact(group)));
    const found = await Promise.all(reads.map((groups) => this.#store.mget(groups.flatMap(({ keys }) => keys))));
    checks.forEach((check, at) => {
      check(found[at]);
    });
    this.#reads += reads.length;
  }

  /** The number of the last call of a group of the tab's own. */
  #exact({ owner, name }) {
    return owner === this.#options.tab ? this.#issued[name] : undefined;
  }

  /** A listing, while others write: own keys all, and no key twice. */
  async #list() {
    await this.#settle();
    const prefix = this.#random() < 0.5 ? `own${this.#options.tab}/` : "";
    const listed = [];
    for await (const key of this.#store.yieldKeys(prefix)) listed.push(key);
    if (new Set(listed).size !== listed.length) this.#observer.complain("a listing gave a key twice");
    const own = listed.filter((key) => key.startsWith(`own${this.#options.tab}/`)).sort();
    const expected = this.#own.flatMap((group) => this.#expectedKeys(group)).sort();
    if (own.join() !== expected.join()) {
      const missing = expected.filter((key) => !own.includes(key));
      const more = own.filter((key) => !expected.includes(key));
      this.#observer.complain(`a listing of own keys lacks ${missing.join()}; it has ${more.join()} beyond them`);
    }
  }

  #expectedKeys(group) {
    const act = actOf(group, this.#issued[group.name]);
    if (act === "put") return group.keys;
    return act === "prune" ? thirdOf(group) : [];
  }

  /** Of all tabs that try, one is the first; what it stored stays. */
  async #storeOnce(which) {
    await this.#settle();
    const { tab } = this.#options;
    const keys = [`once/${which}/a`, `once/${which}/b`];
    const stored = await this.#store.setIf(
      keys.map((key) => [key, makeValue(key, tab, which, [16, 900])]),
      "absent",
    );
    keys.forEach((key, at) => {
      this.#tried.add(key);
      if (stored[at]) this.#won.push(key);
    });
    const never = `never/${tab}/${which}`;
    const [present] = await this.#store.setIf([[never, makeValue(never, tab, which, [16, 16])]], "present");
    if (present) this.#observer.complain(`${never} was stored although it was missing`);
    await this.#checkOnce();
  }

  async #checkOnce() {
    const keys = [...this.#tried];
    const values = await this.#store.mget(keys);
    keys.forEach((key, at) => {
      if (!values[at]) {
        this.#observer.complain(`${key}: gone, and nobody deletes it`);
        return;
      }
      try {
        const { writer } = readValue(key, values[at]);
        if ((this.#once.get(key) ?? writer) !== writer) this.#observer.complain(`${key} was stored twice`);
        this.#once.set(key, writer);
      } catch (error) {
        this.#observer.complain(error.message);
      }
    });
  }

  /** Entries that expire, and are not to be seen at the end. */
  #storeForAMoment(round) {
    const { tab } = this.#options;
    const keys = Array.from({ length: 1 + this.#random.below(20) }, (_, at) => `moment/${tab}/${round}/${at}`);
    const pairs = keys.map((key) => [key, makeValue(key, tab, round, [16, 2_000])]);
    this.#pending.push(this.#store.mset(pairs, { ttl: 0.05 + this.#random() * 0.3 }));
  }

  /** Another handle takes the place of this one. */
  async #reopen() {
    await this.#settle();
    await this.#store.close();
    this.#open();
  }

  /** What the tab has done and seen; all that it is checked by in the end. */
  async told() {
    await this.#checkOnce();
    return {
      tab: this.#options.tab,
      complaints: this.#observer.complaints,
      met: this.#observer.met,
      supposed: this.#observer.supposed,
      issued: this.#issued,
      deletions: this.#deletions,
      won: this.#won,
      once: [...this.#once],
      events: this.#events,
      writes: this.#writes,
      reads: this.#reads,
    };
  }

  /** What is there now, of all groups. */
  async states() {
    const groups = [...this.#tabs.flatMap(ownGroups), ...this.#shared];
    const states = this.#observer.states(groups, await this.#store.mget(groups.flatMap(({ keys }) => keys)));
    return groups.map(({ name }, at) => [name, states[at]]);
  }

  /** All keys that are there. */
  async keys() {
    const keys = [];
    for await (const key of this.#store.yieldKeys()) keys.push(key);
    return keys.sort();
  }

  /** Deletes everything, key by key. */
  async deleteAll() {
    await this.#store.mdelete(await this.keys());
  }

  async close() {
    this.#channel.close();
    await this.#store.close();
  }
}
