/**
 * The demo page of bytestow: a text is split, embedded and cached, cold and warm side by side. This file only joins the
 * parts: `texts` and `chunks` give the chunks, `embedder` the vectors, `tiers` keeps them, `cache` is the caching, `runs`
 * the comparison, `view` and `tiers_view` the page.
 */
import { embedCached, type Phase } from "./cache.ts";
import { HashingEmbedder } from "./embedder.ts";
import { describe, PageError } from "./errors.ts";
import * as format from "./format.ts";
import { compare, loadRuns, type Run, saveRuns, temperature } from "./runs.ts";
import { loadFile, loadSample, type SplitText } from "./texts.ts";
import { type Counted, Tiers } from "./tiers.ts";
import { type Answers, showAnswers, showCounted, showKept, showRemote } from "./tiers_view.ts";
import { View } from "./view.ts";

/** A run under way. */
interface Going {
  phase: Phase;
  chunks: number;
  /** What the stores had counted when it began. */
  before: Counted;
  /** How many keys the remote tier was asked for, or given, in this phase. */
  sent: number;
  embedded: number;
}

const embedder = new HashingEmbedder(768);
const tiers = new Tiers(heardOfRemote);
const load = crypto.randomUUID?.() ?? String(performance.timeOrigin);
const runs = loadRuns();
let text: SplitText | undefined;
let going: Going | undefined;

const view = new View({
  run: () => task(run),
  clearBrowser: () => task(clearBrowser),
  clearBoth: () => task(clearBoth),
  sample: () => task(() => use(loadSample)),
  files: (files) => task(() => use(() => fromFiles(files))),
});

task(async () => {
  // The text first: when storage is denied, what the page is about should stand there all the same.
  await Promise.all([use(loadSample), tiers.connect()]);
  showRemote(tiers.state);
  await showStores();
});

/** Does one thing at a time, and shows what becomes of it. */
async function task(work: () => Promise<void>): Promise<void> {
  view.setBusy(true);
  view.setTrouble(undefined);
  try {
    await work();
  } catch (error) {
    view.setStatus("");
    view.setTrouble(describe(error));
  } finally {
    going = undefined;
    showTiers();
    view.setBusy(false);
  }
}

async function run(): Promise<void> {
  if (text === undefined) throw new PageError("There is no text yet.", "Choose a text file, or take the sample.");
  const { id, name, chunks } = text;
  const mine: Going = { phase: "keys", chunks: chunks.length, before: tiers.counted(), sent: 0, embedded: 0 };
  going = mine;
  const { vectors, ...result } = await embedCached(tiers, embedder, chunks, (phase, done, of) => {
    if (phase !== mine.phase) Object.assign(mine, { phase, sent: 0 });
    if (phase === "embed") mine.embedded = done;
    view.setProgress(phase, done, of);
    showTiers();
  });
  const { browser, remote } = tiers.since(mine.before);
  going = undefined;
  // A chunk that comes twice is asked of the remote tier once, and answered twice.
  if (remote) remote.hits = result.hits - browser.hits;
  const number = (runs.at(-1)?.number ?? 0) + 1;
  const entry: Run = { number, load, textId: id, textName: name, chunks: vectors.length, ...result, browser, remote };
  runs.push(entry);
  saveRuns(runs);
  showRuns();
  await showStores();
  if (tiers.trouble) view.setTrouble(describe(tiers.trouble));
  view.setStatus(
    `Run ${number} was ${temperature(entry)}: ${format.count(entry.hits)} of ${format.counted(entry.chunks, "chunk")} ` +
      `came from the cache, ${format.count(entry.misses)} were embedded. It took ` +
      `${format.milliseconds(entry.total)}.${tiers.state.is === "down" ? " The remote tier is down." : ""}`,
  );
}

async function clearBrowser(): Promise<void> {
  view.setStatus("Clearing this browser’s storage …");
  await tiers.clearBrowser();
  const { remote = 0 } = await showStores();
  view.setStatus(`This browser is empty. The next run ${remote > 0 ? "can read from the remote tier" : "is cold"}.`);
}

async function clearBoth(): Promise<void> {
  view.setStatus("Clearing both tiers …");
  try {
    await tiers.clearBoth();
  } finally {
    await showStores();
  }
  view.setStatus("Both tiers are empty. The next run is cold.");
}

async function use(source: () => Promise<SplitText>): Promise<void> {
  view.setStatus("Reading and splitting the text …");
  text = await source();
  showRuns();
  view.setStatus(`“${text.name}” is split into ${format.counted(text.chunks.length, "chunk")}.`);
}

function fromFiles(files: readonly File[]): Promise<SplitText> {
  const [file] = files;
  if (file === undefined || files.length > 1) {
    throw new PageError(`Those are ${files.length} files.`, "Choose one text file at a time.");
  }
  return loadFile(file);
}

function showRuns(): void {
  if (text === undefined) return;
  const { id } = text;
  view.setText(
    text,
    runs.some((earlier) => earlier.textId === id),
  );
  view.setRuns(runs, compare(runs, id), load);
}

/** Shows what the tiers keep and have counted, and what cannot be counted. */
async function showStores(): Promise<{ remote?: number | undefined }> {
  const { trouble, ...kept } = await tiers.count();
  showKept(kept);
  showCounted(tiers.counted());
  if (trouble !== undefined) view.setTrouble(describe(trouble));
  return kept;
}

/** Shows what the run under way, or the last one, has asked of each tier. */
function showTiers(): void {
  showRemote(tiers.state);
  const last = runs.at(-1);
  if (going) {
    const { chunks, embedded } = going;
    showAnswers({ chunks, embedded, embedMs: undefined, ...tiers.since(going.before) });
  } else if (last) {
    showAnswers(answersOf(last));
  }
}

function answersOf({ chunks, misses, times, browser, remote }: Run): Answers {
  return { chunks, embedded: misses, embedMs: times.embed, browser, remote };
}

/** Another request to the remote tier has ended: `keys` of the run's are through. */
function heardOfRemote(keys: number): void {
  showTiers();
  if (going?.phase !== "read" && going?.phase !== "write") return;
  const { browser } = tiers.since(going.before);
  const of = going.phase === "read" ? going.chunks - browser.hits : going.embedded;
  going.sent = Math.min(going.sent + keys, of);
  view.setProgress(going.phase, going.sent, of);
}
