/** Tells the page's other tabs that what is kept has changed, and hears it from them. */

const CHANNEL = "bytestow-page";

/** The tabs. */
export class Tabs {
  // Where there are no channels, the stores' own events still tell of most changes.
  readonly #channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(CHANNEL) : undefined;

  constructor(onKept: () => void) {
    this.#channel?.addEventListener("message", ({ data }) => {
      if (data === "kept") onKept();
    });
  }

  /** Tells the others. */
  tell(): void {
    this.#channel?.postMessage("kept");
  }
}
