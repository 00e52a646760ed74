/** A gate in the way of a run, which the person can shut and open. */

/** The gate. It is open at first. */
export class Gate {
  #shut: { until: Promise<void>; open: () => void } | undefined;

  get isShut(): boolean {
    return this.#shut !== undefined;
  }

  shut(): void {
    if (this.#shut) return;
    let open = () => {};
    const until = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#shut = { until, open };
  }

  open(): void {
    this.#shut?.open();
    this.#shut = undefined;
  }

  /** Waits for as long as it is shut. */
  async pass(): Promise<void> {
    while (this.#shut) await this.#shut.until;
  }
}
