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
import { joined, PageError, TOO_EARLY } from "./errors.ts";
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
import { Kept } from "./stores/kept.ts";
import { Tiers } from "./stores/tiers.ts";
import { makeCards, showEmbedder, showRemote } from "./stores/view.ts";
import { Collection } from "./text/collection.ts";
import { loadFile, loadSample, SAMPLE_NAME } from "./text/files.ts";
import { TextView } from "./text/view.ts";
import { gathered, oneAtATime } from "./turns.ts";

type Change = "chunks" | "embedder" | "kept";

/** Changes by other tabs are shown together, this long after the first, in ms. */
const ELSEWHERE_MS = 200;

/** Shows what is kept here and what the tiers have counted, and what cannot be counted. */
const showKept = oneAtATime(async () => {
  const trouble = await kept.count();
  showTiers();
  if (trouble !== undefined) showTrouble(trouble);
});
/** Another tab, or a panel's handle, wrote or deleted: what memory holds of before is let go, and what is kept shown anew. */
const showElsewhere = gathered(ELSEWHERE_MS, async () => {
  await tiers.forget();
  const before = kept.browser;
  tell("kept");
  await showKept();
  if (busy || kept.browser === before) return;
  controls.setStatus(
    `Another tab has changed what is kept: this browser now has ${format.counted(kept.browser ?? 0, "vector")}.`,
  );
});
/** By itself, since it may take long. */
const countElsewhere = gathered(ELSEWHERE_MS, () => kept.countRemote());

const listeners: ((what: Change) => void)[] = [];
const collection = new Collection();
let busy = false;
/** Whether the person asked for the novel; else it makes room for the first text of theirs. */
let sampleIsWanted = false;
/** What is wrong for as long as the page is open. */
let lasting: BytestowError | undefined;

makeCards();
const controls = new Controls({
  run: () => task(runAll),
  pause: () => runner.pauseOrResume(),
  cancel: () => runner.cancel(),
  clearBrowser: () => task(clearBrowser),
  clearBoth: () => task(clearBoth),
});
const tiers = new Tiers({ remote: () => showTiers(), elsewhere: changedElsewhere, trouble: storageFailed });
const kept = new Kept(tiers, showTiers);
const tabs = new Tabs(changedElsewhere);
const runner = new Runner(tiers, controls, storageFailed);
const choice = new Choice({ changed: () => void embedderChanged(), failed: showTrouble });
const view = new TextView({
  files: (files) => task(() => addFiles(files)),
  filesTooEarly: () => showTrouble(TOO_EARLY),
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
  get isKept() {
    return lasting === undefined;
  },
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
  clearBrowser: () => tiers.clearBrowser(),
};

const search = element("search", HTMLElement);
const explorer = element("explorer", HTMLElement);
const loadSearch = () => import("./search/panel.ts");
const loadExplorer = () => import("./explorer/panel.ts");
const panels = [
  whenWanted(search, () => mount(loadSearch, (panel) => panel.mountSearch(search, context), showTrouble)),
  whenWanted(explorer, () => mount(loadExplorer, (panel) => panel.mountExplorer(explorer, context), showTrouble)),
];
const show = () => reveal(() => Promise.all(panels.map((mountNow) => mountNow())));
if (!hasSaved()) void show();
task(async () => {
  const connected = connect();
  // The text first: when storage is denied, what the page is about should stand there all the same.
  try {
    await addSample();
  } finally {
    await show();
  }
  await connected;
  showTiers();
  await showStores();
});
workOffline();

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
  showTrouble(error);
}

/** Says what failed and what to do; `undefined` takes it back, but for what lasts. */
function showTrouble(error: unknown): void {
  controls.setTrouble(error ?? lasting);
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
  await tiers.clearBrowser();
  tabs.tell();
  await keptChanged();
  controls.setStatus(
    `This browser is empty. The next run ${kept.remote ? "can read from the remote tier" : "is cold"}.`,
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
  await changeChunks(() => collection.add([sample]));
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
      collection.add(texts);
    });
    const [first] = texts;
    controls.setStatus(
      texts.length === 1 && first
        ? `“${first.name}” is split into ${chunksOf(first.name)}.`
        : `${texts.length} texts are added, ${format.counted(collection.chunks.length, "chunk")} in all.`,
    );
  }
  const trouble = joined(failed.map(({ reason }) => reason));
  // What was added is said all the same.
  if (texts.length > 0) showTrouble(trouble);
  else if (trouble) throw trouble;
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
  showEmbedder(chosen()?.label ?? "");
  await showRuns();
  tell("embedder");
}

/** Of what is not loaded yet, or cannot be right, nothing. */
function chosen(): PageEmbedder | undefined {
  try {
    return choice.embedder;
  } catch {
    return undefined;
  }
}

function chunksOf(name: string): string {
  return format.counted(collection.chunks.filter(({ file }) => file === name).length, "chunk");
}

function showRuns(): Promise<void> {
  return runner.show(collection.chunks, chosen());
}

function showTiers(): void {
  showRemote(tiers.state);
  runner.showTiers();
}

/** The remote tier's count follows: nobody waits for a tier that may not answer. */
function showStores(): Promise<void> {
  void kept.countRemote();
  return showKept();
}

function keptChanged(): Promise<void> {
  tell("kept");
  return showStores();
}

function changedElsewhere(): void {
  showElsewhere();
  countElsewhere();
}

function tell(what: Change): void {
  for (const listener of listeners) listener(what);
}
