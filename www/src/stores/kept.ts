/** How many vectors the tiers were last seen to keep. */
import type { Tiers } from "./tiers.ts";
import { showCounting, showKept } from "./view.ts";

/** The numbers, which the page shows. */
export class Kept {
  readonly #tiers: Tiers;
  readonly #onRemote: () => void;
  browser: number | undefined;
  remote: number | undefined;

  /** `onRemote` is told when the remote tier has been counted. */
  constructor(tiers: Tiers, onRemote: () => void) {
    this.#tiers = tiers;
    this.#onRemote = onRemote;
  }

  /** Counts anew, and gives what this browser's storage failed with, if it did. */
  async count(): Promise<unknown> {
    // Nobody waits for this: a remote tier may take long to answer, or not do so at all.
    void this.#countRemote();
    const { memory, browser, trouble } = await this.#tiers.count();
    this.browser = browser;
    showKept("memory", memory);
    showKept("browser", browser);
    return trouble;
  }

  async #countRemote(): Promise<void> {
    showCounting(true);
    const remote = await this.#tiers.countRemote();
    // Another count is under way, or comes behind a run.
    if (remote === null) return;
    this.remote = remote;
    showKept("remote", remote);
    showCounting(false);
    this.#onRemote();
  }
}
