/** The runs of the page, of which nothing is loaded before one is wanted or has been made. */
import type { BytestowError } from "bytestow";
import { stylesheet } from "../dom.ts";
import type { Asking, PageEmbedder } from "../embedders/model.ts";
import { part } from "../lazy.ts";
import type { PageChunk, PanelEmbeddings } from "../panel.ts";
import type { Tiers } from "../stores/tiers.ts";
import type { Controls } from "./controls.ts";
import type { Running } from "./running.ts";
import { hasSaved } from "./saved.ts";

/** The runs. */
export class Runner {
  readonly #given: [Tiers, Controls, (error: BytestowError) => void];
  readonly #controls: Controls;
  #running: Running | undefined;

  /** `onTrouble` is told when storage fails under a run, which goes on. */
  constructor(tiers: Tiers, controls: Controls, onTrouble: (error: BytestowError) => void) {
    this.#given = [tiers, controls, onTrouble];
    this.#controls = controls;
  }

  /** The embedder through the cache, beside the runs. */
  async aside(embedder: PageEmbedder, asking: Asking): Promise<PanelEmbeddings> {
    return (await this.#loaded()).aside(embedder, asking);
  }

  /** Embeds `chunks`; gives what to say of it once the tiers have been looked at. */
  async run(chunks: readonly PageChunk[], embedder: PageEmbedder): Promise<() => string> {
    return (await this.#loaded()).run(chunks, embedder);
  }

  /** Shuts the way of the run, or opens it again. */
  pauseOrResume(): void {
    this.#running?.pauseOrResume();
  }

  /** Ends the run. What was embedded is kept. */
  cancel(): void {
    this.#running?.cancel();
  }

  /** Shows what the runs come to for the chunks at hand. */
  async show(chunks: readonly PageChunk[], embedder: PageEmbedder | undefined): Promise<void> {
    if (this.#running || hasSaved()) return (await this.#loaded()).show(chunks, embedder);
    this.#controls.setRunLabel(new Set(chunks.map(({ text }) => text)).size, false);
  }

  /** Shows what the run under way, or the last one, has asked of each tier. */
  showTiers(): void {
    this.#running?.showTiers();
  }

  async #loaded(): Promise<Running> {
    if (this.#running) return this.#running;
    const [{ Running }] = await Promise.all([part(() => import("./running.ts")), stylesheet("results.css")]);
    this.#running ??= new Running(...this.#given);
    return this.#running;
  }
}
