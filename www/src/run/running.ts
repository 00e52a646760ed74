/** Runs, one after the other, and what the page shows of them. Loaded with the first: see `runner`. */
import type { BytestowError } from "bytestow";
import type { Asking, PageEmbedder } from "../embedders/model.ts";
import * as format from "../format.ts";
import type { PageChunk, PanelEmbeddings } from "../panel.ts";
import type { Tiers } from "../stores/tiers.ts";
import { between, type Counted } from "../stores/use.ts";
import { showAnswers } from "../stores/view.ts";
import { type Around, Cached } from "./cache.ts";
import type { Controls } from "./controls.ts";
import { Gate } from "./gate.ts";
import { showCounted, showRuns } from "./results.ts";
import { type RunProgress, run } from "./run.ts";
import { loadRuns, type Run, saveRuns, setIdOf, temperature } from "./runs.ts";

/** A run under way. */
interface Going {
  abort: AbortController;
  gate: Gate;
  /** What the stores had counted when it began. */
  before: Counted;
  progress: RunProgress;
  /** Whether a search asked the tiers meanwhile: they count for all who ask. */
  beside: boolean;
}

/** The runs of the page. */
export class Running {
  readonly #tiers: Tiers;
  readonly #controls: Controls;
  readonly #onTrouble: (error: BytestowError) => void;
  readonly #runs = loadRuns();
  readonly #load = crypto.randomUUID?.() ?? String(performance.timeOrigin);
  #going: Going | undefined;
  /** How many searches are under way. */
  #searches = 0;

  /** `onTrouble` is told when storage fails under a run, which goes on. */
  constructor(tiers: Tiers, controls: Controls, onTrouble: (error: BytestowError) => void) {
    this.#tiers = tiers;
    this.#controls = controls;
    this.#onTrouble = onTrouble;
  }

  /** The embedder through the cache, beside the runs: nothing that is done to one of them is done to it. */
  aside(embedder: PageEmbedder, asking: Asking): PanelEmbeddings {
    const cached = new Cached(embedder, this.#tiers, this.#onTrouble, asking);
    this.#searches += 1;
    if (this.#going) this.#going.beside = true;
    const close = () => {
      this.#searches -= 1;
      cached.close();
    };
    return { model: embedder.model, cached, close };
  }

  /** Embeds `chunks`; gives what to say of it once the tiers have been looked at. */
  async run(chunks: readonly PageChunk[], embedder: PageEmbedder): Promise<() => string> {
    // A chunk that stands twice is one to the cache.
    const texts = [...new Set(chunks.map(({ text }) => text))];
    const files = [...new Set(chunks.map(({ file }) => file))];
    const going: Going = {
      abort: new AbortController(),
      gate: new Gate(),
      before: this.#tiers.counted(),
      progress: { done: 0, of: texts.length, hits: 0 },
      beside: this.#searches > 0,
    };
    this.#going = going;
    this.#tiers.begin();
    this.#controls.setDoing("running");
    const onProgress = (progress: RunProgress) => {
      going.progress = progress;
      this.#controls.setProgress(progress);
      this.showTiers();
    };
    onProgress(going.progress);
    const { gate } = going;
    const { signal } = going.abort;
    const asking: Asking = { signal, onWait: (seconds) => this.#controls.setStatus(format.leftAlone(seconds)) };
    const open = (around: Around) => new Cached(embedder, this.#tiers, this.#onTrouble, asking, around);
    try {
      const result = await run(open, texts, { gate, signal, onProgress });
      const uses = between(going.before, this.#tiers.counted());
      const number = (this.#runs.at(-1)?.number ?? 0) + 1;
      const entry: Run = {
        ...{ number, load: this.#load, setId: await setIdOf(texts, embedder.model) },
        ...{ texts: files.join(", "), embedder: embedder.label, chunks: texts.length, uses, ...result },
        ...(going.beside && { beside: true as const }),
      };
      this.#runs.push(entry);
      saveRuns(this.#runs);
      // What the run came upon: what is asked of the tiers afterwards may not be answered for long.
      const isDown = this.#tiers.state.is === "down";
      return () => this.#report(entry, isDown);
    } catch (error) {
      if (!going.abort.signal.aborted) throw error;
      const { done, of } = going.progress;
      return () =>
        `Cancelled: ${format.count(done)} of ${format.counted(of, "chunk")} are in the cache. The next run goes on from there.`;
    } finally {
      this.#going = undefined;
    }
  }

  /** Shuts the way of the run, or opens it again. */
  pauseOrResume(): void {
    const going = this.#going;
    if (going === undefined) return;
    const { done, of } = going.progress;
    if (going.gate.isShut) going.gate.open();
    else going.gate.shut();
    this.#controls.setDoing(going.gate.isShut ? "paused" : "running");
    this.#controls.setStatus(
      going.gate.isShut ? `Paused: ${format.count(done)} of ${format.counted(of, "chunk")} are done.` : "Going on …",
    );
  }

  /** Ends the run. What was embedded is kept. */
  cancel(): void {
    this.#going?.abort.abort();
    this.#going?.gate.open();
  }

  /** Shows what the runs come to for the chunks at hand. */
  async show(chunks: readonly PageChunk[], embedder: PageEmbedder | undefined): Promise<void> {
    const texts = [...new Set(chunks.map(({ text }) => text))];
    const setId = embedder === undefined ? "" : await setIdOf(texts, embedder.model);
    const isKnown = this.#runs.some((earlier) => earlier.setId === setId);
    this.#controls.setRunLabel(texts.length, isKnown);
    showRuns(this.#runs, setId, this.#load);
    showCounted(this.#tiers.counted());
  }

  /** Shows what the run under way, or the last one, has asked of each tier. */
  showTiers(): void {
    const last = this.#runs.at(-1);
    if (this.#going) {
      const { before, progress } = this.#going;
      const uses = between(before, this.#tiers.counted());
      showAnswers({ chunks: progress.of, embedded: progress.done - progress.hits, embedMs: undefined, uses });
    } else if (last) {
      const { chunks, misses, times, uses } = last;
      showAnswers({ chunks, embedded: misses, embedMs: times.embed, uses });
      showCounted(this.#tiers.counted());
    }
  }

  #report(entry: Run, isDown: boolean): string {
    const { number, hits, misses, chunks, total } = entry;
    const down = isDown ? " The remote tier is down." : "";
    const beside = entry.beside ? " A search went on beside it, and is in the tiers’ numbers." : "";
    return (
      `Run ${number} was ${temperature(entry)}: ${format.count(hits)} of ${format.counted(chunks, "chunk")} ` +
      `came from the cache, ${format.count(misses)} were embedded. It took ${format.milliseconds(total)}.${beside}${down}`
    );
  }
}
