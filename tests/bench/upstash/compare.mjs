/**
 * One comparison: contenders take turns within each round, each on a database of its own, each making its calls in order.
 *
 * @import { Row } from "../measure.mjs"
 * @import { Place } from "./contenders.mjs"
 * @import { Server, Traffic } from "./server.mjs"
 *
 * @typedef {object} Step
 * @property {string} label
 * @property {boolean} [reopens] Whether it is made on a new handle; otherwise on that of the step before.
 * @property {(handle: any) => Promise<unknown>} run
 *
 * @typedef {object} Comparison
 * @property {string} title
 * @property {Record<string, (place: Place) => any>} contenders What opens a handle of each, ours first.
 * @property {(server: Server, database: string) => Promise<void>} [prepare] Puts what must be there before the first step.
 * @property {Step[]} steps The first on an empty database, unless `prepare` is there.
 * @property {(name: string, label: string, result: unknown) => void} check Throws where a result is wrong.
 *
 * @typedef {object} Counted What went over the wire for one call: the most of all rounds.
 * @property {string} title
 * @property {string} label
 * @property {Record<string, Traffic>} contenders
 */

import { Samples, settle, turns } from "../measure.mjs";
import { groups } from "./names.mjs";

/** Keeps what goes over the wire. */
export class Wire {
  /** @type {Map<string, Counted>} */
  #rows = new Map();

  /**
   * @param {Comparison} comparison
   * @param {string} label
   * @param {string} contender
   * @param {Traffic} traffic
   */
  add({ title, contenders }, label, contender, traffic) {
    const id = `${title}\n${label}`;
    // In the comparison's order, whoever comes first.
    const none = () => Object.fromEntries(Object.keys(contenders).map((name) => [name, {}]));
    const row = this.#rows.get(id) ?? { title, label, contenders: none() };
    const most = Object.entries(traffic).map(([name, n]) => [name, Math.max(n, row.contenders[contender][name] ?? 0)]);
    row.contenders[contender] = Object.fromEntries(most);
    this.#rows.set(id, row);
  }

  /** @returns {Counted[]} */
  rows() {
    return [...this.#rows.values()];
  }
}

/**
 * @param {Server} server
 * @param {Comparison} comparison
 * @param {{ rounds: number, warmUps: number, latencies: number[], wire: Wire }} options
 * @returns {Promise<Row[]>} Wall and CPU times.
 */
export async function compare(server, comparison, { rounds, warmUps, latencies, wire }) {
  const { title, contenders } = comparison;
  const names = Object.keys(contenders);
  const samples = new Samples();
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const latency of latencies) {
      await server.set({ latency });
      for (const turn of turns(names.length, round)) {
        for await (const { label, wall, cpu, traffic } of turnOf(server, comparison, names[turn])) {
          wire.add(comparison, label, names[turn], traffic);
          if (round < warmUps) continue;
          samples.add(groups.wall(title, latency), label, "ms", names[turn], wall);
          samples.add(groups.cpu(title, latency), label, "ms", names[turn], cpu);
        }
      }
    }
  }
  await server.set({ latency: 0 });
  // Group by group, though they were measured by turns.
  const rows = samples.rows(names, rounds);
  return Object.values(groups).flatMap((group) =>
    latencies.flatMap((latency) => rows.filter((row) => row.group === group(title, latency))),
  );
}

/**
 * Makes a contender's calls, on a database of its own.
 *
 * @param {Server} server
 * @param {Comparison} comparison
 * @param {string} name
 */
export async function* turnOf(server, { title, contenders, prepare, steps, check }, name) {
  const database = `${title}/${Object.keys(contenders).indexOf(name)}`.replaceAll(/[^\w/]/gu, "");
  await server.clear(database);
  await prepare?.(server, database);
  const place = { url: server.url, token: server.token(database) };
  let handle;
  for (const { label, reopens, run } of steps) {
    if (reopens || handle === undefined) handle = contenders[name](place);
    await server.counted();
    await settle();
    const [before, start] = [process.cpuUsage(), performance.now()];
    const result = await run(handle);
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    const traffic = await server.counted();
    check(name, label, result);
    yield { label, wall, cpu: (user + system) / 1000, traffic };
  }
  // What is stored would only be in the way of others' memory.
  await server.clear(database);
}
