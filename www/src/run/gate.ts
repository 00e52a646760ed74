/** A gate in the way of a run, which the person can shut and open. */

/** The gate. It is open at first. */
export class Gate {
  #shut: { until: Promise<void>; open: () => void; since: number } | undefined;
  #waited = 0;

  get isShut(): boolean {
    return this.#shut !== undefined;
  }

  /** For how long it was shut altogether, in ms. */
  get waited(): number {
    return this.#waited;
  }

  shut(): void {
    if (this.#shut) return;
    let open = () => {};
    const until = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#shut = { until, open, since: performance.now() };
  }

  open(): void {
    if (this.#shut === undefined) return;
    this.#waited += performance.now() - this.#shut.since;
    this.#shut.open();
    this.#shut = undefined;
  }

  /** Waits for as long as it is shut. */
  async pass(): Promise<void> {
    while (this.#shut) await this.#shut.until;
  }
}
