/** What the runs come to: the sentence, the bars, the latest run, the tables. Loaded with the first run. */
import { data, element, setData, tagged } from "../dom.ts";
import * as format from "../format.ts";
import { place } from "../parts.ts";
import { type Counted, TIERS } from "../stores/use.ts";
import { type Bar, drawBars, drawRuns, PHASES, shown } from "./chart.ts";
import { type Comparison, compare, type Run, type Temperature, temperature } from "./runs.ts";

const KIND_CLASS: Readonly<Record<Temperature, string>> = {
  cold: "cold",
  "warm (memory)": "warm",
  "warm (browser)": "warm",
  "warm (remote)": "remote",
  "warm (mixed)": "warm",
  "partly warm": "partly",
};

const STORES = { memory: "InMemoryByteStore", browser: "IndexedDBByteStore", remote: "UpstashRedisByteStore" };
const TILES = [
  ["total", "Time"],
  ["hit-rate", "From the cache"],
  ["misses", "Misses, embedded"],
  ["bytes-read", "Bytes read"],
  ["bytes-written", "Bytes stored"],
] as const;
const HEADS = [
  "Run",
  "From memory",
  "From browser",
  "From remote",
  "Embedded",
  "Read",
  "Embed",
  "Write",
  "Total",
  "Remote requests",
];
const COUNTS = ["Hits", "Misses", "Requests", "Bytes read", "Bytes written"];

/** Shows all runs, the latest first, and what those of the set `setId`, the chunks and the embedder at hand, come to. */
export function showRuns(runs: readonly Run[], setId: string, load: string): void {
  const latest = runs.at(-1);
  const results = element("results", HTMLElement);
  element("nothing-yet", HTMLElement).hidden = latest !== undefined;
  results.hidden = latest === undefined;
  if (latest === undefined) return;
  if (results.childElementCount === 0) place(results, skeleton());
  showLatest(latest);
  const ofSet = runs.filter((run) => run.setId === setId && !run.beside);
  showComparison(compare(ofSet), ofSet.length > 0);
  element("columns", HTMLElement).replaceChildren(drawRuns(ofSet));
  element("runs", HTMLTableSectionElement).replaceChildren(...[...runs].reverse().map((run) => row(run, load)));
}

/** Shows what the stores have counted themselves. */
export function showCounted(counted: Counted): void {
  if (document.getElementById("stats-memory") === null) return;
  for (const tier of TIERS) {
    const stats = counted[tier];
    element(`stats-${tier}`, HTMLTableRowElement).hidden = stats === undefined;
    if (stats === undefined) continue;
    setData(`stats-${tier}-hits`, stats.hits, format.count(stats.hits));
    setData(`stats-${tier}-misses`, stats.misses, format.count(stats.misses));
    setData(`stats-${tier}-requests`, stats.requests, format.count(stats.requests));
    setData(`stats-${tier}-read`, stats.bytesRead, format.bytes(stats.bytesRead));
    setData(`stats-${tier}-written`, stats.bytesWritten, format.bytes(stats.bytesWritten));
  }
}

/** What is filled in; none of it comes from outside. */
function skeleton(): string {
  const number = (id: string) => `<data id="${id}" data-testid="${id}" value=""></data>`;
  const head = (names: readonly string[]) =>
    `<thead><tr>${names.map((name) => `<th scope="col">${name}</th>`).join("")}</tr></thead>`;
  // What scrolls must be reachable by keyboard.
  const table = (heading: string, inside: string) =>
    `<section class="scroll" aria-labelledby="${heading}" tabindex="0"><table>${inside}</table></section>`;
  const tiles = TILES.map(([name, label]) => {
    const rest = name === "hit-rate" ? `<small>${number("last-hits")} of ${number("last-chunks")}</small>` : "";
    return `<div><dt>${label}</dt><dd>${number(`last-${name}`)} ${rest}</dd></div>`;
  });
  const stores = TIERS.map((tier) => {
    const cells = ["hits", "misses", "requests", "read", "written"].map(
      (name) => `<td>${number(`stats-${tier}-${name}`)}</td>`,
    );
    return `<tr id="stats-${tier}"><th scope="row">${STORES[tier]}</th>${cells.join("")}</tr>`;
  });
  const legend = PHASES.map(({ phase, label }) => `<li class="phase-${phase}">${label}</li>`);
  return `<p id="summary" class="summary" data-testid="summary"></p>
    <div id="chart" class="card"><div id="bars" data-testid="bars"></div><ul class="legend" aria-hidden="true">${legend.join("")}</ul>
      <div id="columns" data-testid="columns"></div>
      <p class="fine">The runs over these chunks, the oldest first: <span class="key phase-embed">embedded</span>, <span class="key phase-read">warm</span>, <span class="key phase-far">warm from the remote tier</span>.</p></div>
    <h4>Last run: <span id="last-kind" class="kind" data-testid="last-kind"></span></h4>
    <dl class="tiles">${tiles.join("")}</dl>
    <h4 id="runs-heading">Every run</h4>
    ${table("runs-heading", `${head(HEADS)}<tbody id="runs" data-testid="runs"></tbody>`)}
    <h4 id="counted-heading">Counted by the stores themselves</h4>
    <p class="fine">What <code>stats()</code> of each says since this page was opened, listings included.</p>
    ${table("counted-heading", `${head(["Store", ...COUNTS])}<tbody>${stores.join("")}</tbody>`)}`;
}

function showLatest(run: Run): void {
  const kind = temperature(run);
  const tag = element("last-kind", HTMLElement);
  tag.textContent = kind;
  tag.className = `kind ${KIND_CLASS[kind]}`;
  const read = TIERS.reduce((sum, tier) => sum + (run.uses[tier]?.bytesRead ?? 0), 0);
  const written = run.uses.browser.bytesWritten;
  setData("last-total", run.total, format.milliseconds(run.total));
  setData("last-hits", run.hits, format.count(run.hits));
  setData("last-chunks", run.chunks, format.count(run.chunks));
  setData("last-hit-rate", run.hits / run.chunks, format.percent(run.hits, run.chunks));
  setData("last-misses", run.misses, format.count(run.misses));
  setData("last-bytes-read", read, format.bytes(read));
  setData("last-bytes-written", written, format.bytes(written));
}

function showComparison(comparison: Comparison, isKnown: boolean): void {
  const { cold, memory, browser, remote } = comparison;
  const bars: Bar[] = [];
  if (cold) bars.push({ label: "Cold", run: cold });
  if (memory) bars.push({ label: "Warm (memory)", run: memory });
  if (browser) bars.push({ label: "Warm (browser)", run: browser });
  if (remote) bars.push({ label: "Warm (remote)", run: remote });
  element("chart", HTMLElement).hidden = bars.length === 0;
  element("bars", HTMLElement).replaceChildren(...drawBars(bars));
  const words = isKnown ? summary(comparison) : ["Nothing measured of these chunks by this embedder yet."];
  element("summary", HTMLElement).replaceChildren(...words);
}

/** Says what the runs show, also when they do not show what one would like. */
function summary({ cold, memory, browser, remote }: Comparison): (Node | string)[] {
  // What outlives the page says more of a cache than what does not.
  const warm = browser ?? remote ?? memory;
  if (!cold && !warm)
    return ["These chunks were partly in the cache: the run was neither cold nor warm. Run it again."];
  if (!warm) return ["That was the cold run. Now run again, or reload the page first."];
  if (!cold) return ["All of it was in the cache already. Clear the cache and run to see a cold run beside it."];
  const ratio = cold.total / warm.total;
  const speedup = data("speedup", ratio, format.times(ratio));
  const which = browser ? "from this browser" : remote ? "from the remote tier" : "from memory";
  const times = [`${format.milliseconds(cold.total)} cold`];
  if (memory) times.push(`${format.milliseconds(memory.total)} warm from memory`);
  if (browser) times.push(`${format.milliseconds(browser.total)} warm from this browser`);
  if (remote) times.push(`${format.milliseconds(remote.total)} warm from the remote tier`);
  if (ratio >= 1.05) return [`Warm ${which} is `, speedup, ` faster than cold: ${times.join(", ")}.`];
  const words = ratio < 0.95 ? "slower than cold here" : "no faster than cold here";
  return [`Warm ${which} is ${words} (`, speedup, `): ${times.join(", ")}.`];
}

function row(run: Run, load: string): HTMLTableRowElement {
  const tr = document.createElement("tr");
  const prefix = `run-${run.number}`;
  tr.dataset.testid = prefix;
  const head = document.createElement("th");
  head.scope = "row";
  const is = temperature(run);
  const kind = tagged("span", `kind ${KIND_CLASS[is]}`, is);
  kind.dataset.testid = `${prefix}-kind`;
  head.append(tagged("span", "run-number", `${run.number}`), " ", kind);
  const where = `${run.texts}, ${run.embedder}${run.beside ? ", beside a search" : ""}${run.load === load ? "" : ", before the reload"}`;
  head.append(tagged("span", "run-text", where));
  tr.append(head);
  const cell = (name: string, value: number, text: string) => {
    const td = document.createElement("td");
    td.append(data(`${prefix}-${name}`, value, text));
    tr.append(td);
  };
  for (const tier of TIERS) {
    const use = run.uses[tier];
    cell(tier, use?.hits ?? 0, use ? format.count(use.hits) : "—");
  }
  cell("misses", run.misses, format.count(run.misses));
  for (const { phase } of PHASES) {
    if (shown(run, phase)) cell(phase, run.times[phase], format.milliseconds(run.times[phase]));
    else cell(phase, 0, "—");
  }
  cell("total", run.total, format.milliseconds(run.total));
  const { remote } = run.uses;
  cell("requests", remote?.requests ?? 0, remote ? format.count(remote.requests) : "—");
  return tr;
}
