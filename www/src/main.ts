/**
 * The page of bytestow: texts are cut, embedded through the cache, searched, and looked at where they are kept. This file
 * only joins the parts: `text` gives the chunks, `embedders` the vectors, `stores` keeps them, `run` is the caching and
 * what it comes to, `search` and `explorer` are panels that are loaded when they are wanted.
 */
import "./wasm.ts";
import type { BytestowError } from "bytestow";
import { element } from "./dom.ts";
import { Choice } from "./embedders/choice.ts";
import type { PageEmbedder } from "./embedders/model.ts";
import { describe, PageError } from "./errors.ts";
import * as format from "./format.ts";
import { mount } from "./lazy.ts";
import type { PanelContext } from "./panel.ts";
import { Controls } from "./run/controls.ts";
import { Runner } from "./run/runner.ts";
import { hasSaved } from "./run/saved.ts";
import { settings } from "./settings.ts";
import { serverReached, workOffline } from "./shell/offline.ts";
import { reveal } from "./shell/opening.ts";
import { Tabs } from "./shell/tabs.ts";
import { whenWanted } from "./shell/wanted.ts";
import { type Kept, Tiers } from "./stores/tiers.ts";
import { makeCards, showEmbedder, showKept, showRemote } from "./stores/view.ts";
import { Collection } from "./text/collection.ts";
import { loadFile, loadSample, SAMPLE_NAME } from "./text/files.ts";
import { TextView } from "./text/view.ts";
import { gathered, oneAtATime } from "./turns.ts";

type Change = "chunks" | "embedder" | "kept";

/** Changes by other tabs are shown together, this long after the first, in ms. */
const ELSEWHERE_MS = 200;

/** Shows what the tiers keep and have counted, and what cannot be counted. */
const showStores = oneAtATime(async (): Promise<Partial<Kept>> => {
  const { trouble, ...counted } = await tiers.count();
  kept = counted.browser;
  showKept(counted);
  showTiers();
  if (trouble !== undefined) showTrouble(trouble);
  return counted;
});
/** Another tab, or a panel's handle, wrote or deleted: what memory holds of before is let go, and what is kept shown anew. */
const changedElsewhere = gathered(ELSEWHERE_MS, async () => {
  await tiers.forget();
  const before = kept;
  const { browser = 0 } = await keptChanged();
  if (busy || browser === before) return;
  controls.setStatus(
    `Another tab has changed what is kept: this browser now has ${format.counted(browser, "vector")}.`,
  );
});

const listeners: ((what: Change) => void)[] = [];
const collection = new Collection();
let busy = false;
/** Whether the person asked for the novel; else it makes room for the first text of theirs. */
let sampleIsWanted = false;
/** What is wrong for as long as the page is open. */
let lasting: BytestowError | undefined;
/** Whether the browser had no room left when it was written to last. */
let isFull = false;
/** How many vectors this browser was last seen to keep. */
let kept: number | undefined;

makeCards();
const controls = new Controls({
  run: () => task(runAll),
  pause: () => runner.pauseOrResume(),
  cancel: () => runner.cancel(),
  clearBrowser: () => task(clearBrowser),
  clearBoth: () => task(clearBoth),
});
const tiers = new Tiers({
  remote: () => showTiers(),
  elsewhere: changedElsewhere,
  trouble: storageFailed,
});
const tabs = new Tabs(changedElsewhere);
const runner = new Runner(tiers, controls, storageFailed);
const choice = new Choice({
  changed: () => void embedderChanged(),
  failed: showTrouble,
});
const view = new TextView({
  files: (files) => task(() => addFiles(files)),
  sample: () => {
    sampleIsWanted = true;
    void task(addSample);
  },
  remove: (name) => task(() => removeText(name)),
  cut: (cut) => task(() => changeChunks(() => collection.recut(cut))),
});

/** What the panels share. */
export const context: PanelContext = {
  browser: tiers.browser,
  async embeddings(asking) {
    await choice.ready();
    return runner.aside(choice.embedder, asking);
  },
  chunks: () => collection.chunks,
  onChange: (listener) => listeners.push(listener),
  changed() {
    tabs.tell();
    void tiers.forget().then(keptChanged);
  },
  added: () => void keptChanged(),
};

if (!hasSaved()) reveal();
task(async () => {
  const connected = connect();
  // The text first: when storage is denied, what the page is about should stand there all the same.
  try {
    await addSample();
  } finally {
    reveal();
  }
  await connected;
  showTiers();
  await showStores();
});
workOffline();
const search = element("search", HTMLElement);
const mountSearch = () =>
  mount(
    () => import("./search/panel.ts"),
    (panel) => panel.mountSearch(search, context),
    showTrouble,
  );
whenWanted(search, mountSearch);
const explorer = element("explorer", HTMLElement);
const mountExplorer = () =>
  mount(
    () => import("./explorer/panel.ts"),
    (panel) => panel.mountExplorer(explorer, context),
    showTrouble,
  );
whenWanted(explorer, mountExplorer);

async function connect(): Promise<void> {
  const { remote, reached } = await settings();
  tiers.connect(remote);
  serverReached(reached);
}

/** Does one thing at a time, and shows what becomes of it. */
async function task(work: () => Promise<void>): Promise<void> {
  if (busy) return;
  setBusy(true);
  showTrouble(undefined);
  try {
    await work();
  } catch (error) {
    controls.setStatus("");
    showTrouble(error);
  } finally {
    showTiers();
    setBusy(false);
  }
}

function storageFailed(error: BytestowError): void {
  if (error.code === "unavailable") lasting = error;
  if (error.code === "quota_exceeded") isFull = true;
  showTrouble(error);
}

/** Says what failed and what to do; `undefined` takes it back, but for what lasts. */
function showTrouble(error: unknown): void {
  const shown = error ?? lasting;
  controls.setTrouble(shown && describe(shown));
}

function setBusy(is: boolean): void {
  busy = is;
  controls.setDoing(is ? "something" : "nothing");
  view.setBusy(is);
}

async function runAll(): Promise<void> {
  if (collection.chunks.length === 0) throw new PageError("There is no text.", "Choose a text file, or add the novel.");
  controls.setStatus("Embedding what the cache lacks …");
  let report = () => "";
  try {
    await choice.ready();
    report = await runner.run(collection.chunks, choice.embedder);
  } finally {
    tabs.tell();
    await keptChanged();
    await showRuns();
  }
  controls.setStatus(report());
}

async function clearBrowser(): Promise<void> {
  controls.setStatus("Clearing this browser’s storage …");
  await tiers.clearBrowser(isFull);
  isFull = false;
  tabs.tell();
  const { remote = 0 } = await keptChanged();
  controls.setStatus(
    `This browser is empty. The next run ${remote > 0 ? "can read from the remote tier" : "is cold"}.`,
  );
}

async function clearBoth(): Promise<void> {
  controls.setStatus("Clearing both tiers …");
  try {
    await tiers.clearAll();
  } finally {
    tabs.tell();
    await keptChanged();
  }
  controls.setStatus("Both tiers are empty. The next run is cold.");
}

async function addSample(): Promise<void> {
  controls.setStatus("Reading and cutting the text …");
  const sample = await loadSample();
  await changeChunks(() => collection.add(sample));
  controls.setStatus(`“${SAMPLE_NAME}” is split into ${chunksOf(SAMPLE_NAME)}.`);
}

/** Adds what is text of `files`, and says what is not. */
async function addFiles(files: readonly File[]): Promise<void> {
  controls.setStatus("Reading and cutting …");
  const read = await Promise.allSettled(files.map(loadFile));
  const texts = read.filter((result) => result.status === "fulfilled").map(({ value }) => value);
  const failed = read.filter((result) => result.status === "rejected");
  if (texts.length > 0) {
    await changeChunks(() => {
      if (!sampleIsWanted) collection.remove(SAMPLE_NAME);
      for (const text of texts) collection.add(text);
    });
    const [first] = texts;
    controls.setStatus(
      texts.length === 1 && first
        ? `“${first.name}” is split into ${chunksOf(first.name)}.`
        : `${texts.length} texts are added, ${format.counted(collection.chunks.length, "chunk")} in all.`,
    );
  }
  if (failed[0]) throw failed[0].reason;
}

async function removeText(name: string): Promise<void> {
  if (name === SAMPLE_NAME) sampleIsWanted = false;
  await changeChunks(() => collection.remove(name));
  controls.setStatus(
    `“${name}” is removed. What was embedded of it, and what the search’s index has, is kept until it is cleared.`,
  );
}

async function changeChunks(change: () => void): Promise<void> {
  change();
  view.show(collection);
  await showRuns();
  tell("chunks");
}

async function embedderChanged(): Promise<void> {
  const { embedder } = chosen();
  showEmbedder(embedder?.label ?? "");
  await showRuns();
  tell("embedder");
}

function chosen(): { embedder?: PageEmbedder; error?: unknown } {
  try {
    return { embedder: choice.embedder };
  } catch (error) {
    return { error };
  }
}

function chunksOf(name: string): string {
  return format.counted(collection.chunks.filter(({ file }) => file === name).length, "chunk");
}

function showRuns(): Promise<void> {
  return runner.show(collection.chunks, chosen().embedder);
}

function showTiers(): void {
  showRemote(tiers.state);
  runner.showTiers();
}

async function keptChanged(): Promise<Partial<Kept>> {
  tell("kept");
  return showStores();
}

function tell(what: Change): void {
  for (const listener of listeners) listener(what);
}
