/** Tells the page's other tabs that what is kept has changed, and hears it from them. */

const CHANNEL = "bytestow-page";

/** The tabs. */
export class Tabs {
  readonly #channel = open();

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

function open(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(CHANNEL);
  } catch {
    // There are none, or Firefox denies them with all storage: the stores' own events still tell of most changes.
    return undefined;
  }
}
