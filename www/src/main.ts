/**
 * The demo page of bytestow: a text is split, embedded and cached in IndexedDB, cold and warm side by side. This file
 * only joins the parts: `texts` and `chunks` give the chunks, `embedder` the vectors, `cache` the caching, `runs` the
 * comparison, `view` the page.
 */
import { IndexedDBByteStore, type StoreEvent } from "bytestow";
import { embedCached } from "./cache.ts";
import { HashingEmbedder } from "./embedder.ts";
import { describe, PageError } from "./errors.ts";
import * as format from "./format.ts";
import { compare, loadRuns, type Run, saveRuns, temperature } from "./runs.ts";
import { loadFile, loadSample, type SplitText } from "./texts.ts";
import { View } from "./view.ts";

const embedder = new HashingEmbedder(768);
const store = new IndexedDBByteStore({ name: "bytestow-demo", namespace: "hash-768", onEvent: report });
const load = crypto.randomUUID?.() ?? String(performance.timeOrigin);
const runs = loadRuns();
let text: SplitText | undefined;

const view = new View({
  run: () => task(run),
  clear: () => task(clear),
  sample: () => task(() => use(loadSample)),
  files: (files) => task(() => use(() => fromFiles(files))),
});

task(async () => {
  // The text first: when storage is denied, what the page is about should stand there all the same.
  await use(loadSample);
  await showStore();
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
    view.setBusy(false);
  }
}

async function run(): Promise<void> {
  if (text === undefined) throw new PageError("There is no text yet.", "Choose a text file, or take the sample.");
  const { id, name, chunks } = text;
  const { vectors, ...result } = await embedCached(store, embedder, chunks, (phase, done, of) =>
    view.setProgress(phase, done, of),
  );
  const number = (runs.at(-1)?.number ?? 0) + 1;
  const entry: Run = { number, load, textId: id, textName: name, chunks: vectors.length, ...result };
  runs.push(entry);
  saveRuns(runs);
  showRuns();
  await showStore();
  view.setStatus(
    `Run ${number} was ${temperature(entry)}: ${format.count(entry.hits)} of ${format.counted(entry.chunks, "chunk")} ` +
      `came from the cache, ${format.count(entry.misses)} had to be embedded. It took ${format.milliseconds(entry.total)}.`,
  );
}

async function clear(): Promise<void> {
  view.setStatus("Clearing the cache …");
  await store.clear();
  await showStore();
  view.setStatus("The cache is empty. The next run is cold.");
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

async function showStore(): Promise<void> {
  let vectors = 0;
  for await (const _ of store.yieldKeys()) vectors += 1;
  view.setCached(vectors);
  view.setStats(store.stats());
}

/** What the store tells of itself beyond the usual; the rest is in its counters. */
function report(event: StoreEvent): void {
  if ("reason" in event) console.warn(`bytestow: ${event.type}: ${event.reason}`);
}
