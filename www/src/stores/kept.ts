/** How many vectors the tiers were last seen to keep. */
import type { Tiers } from "./tiers.ts";
import { showCounting, showKept } from "./view.ts";

/** The numbers, which the page shows. */
export class Kept {
  readonly #tiers: Tiers;
  readonly #onRemote: () => void;
  browser: number | undefined;
  remote: number | undefined;
  #counting: Promise<void> | undefined;
  /** Whether the remote tier is to be counted from what it keeps now on. */
  #isWanted = false;

  /** `onRemote` is told when the remote tier has been counted. */
  constructor(tiers: Tiers, onRemote: () => void) {
    this.#tiers = tiers;
    this.#onRemote = onRemote;
  }

  /** Counts anew but for the remote tier, and gives what this browser's storage failed with, if it did. */
  async count(): Promise<unknown> {
    const { memory, browser, trouble } = await this.#tiers.count();
    this.browser = browser;
    showKept("memory", memory);
    showKept("browser", browser);
    return trouble;
  }

  /**
   * Counts what the remote tier keeps, and once more behind that where it is asked for meanwhile. It may take long to answer,
   * or not do so at all.
   */
  countRemote(): Promise<void> {
    this.#isWanted = true;
    this.#counting ??= this.#countWhileWanted();
    return this.#counting;
  }

  async #countWhileWanted(): Promise<void> {
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        showCounting(true);
        const remote = await this.#tiers.countRemote();
        // A run has begun, behind which it is counted.
        if (remote === null) return;
        this.remote = remote;
        showKept("remote", remote);
        showCounting(this.#isWanted);
        this.#onRemote();
      }
    } finally {
      this.#isWanted = false;
      this.#counting = undefined;
    }
  }
}
