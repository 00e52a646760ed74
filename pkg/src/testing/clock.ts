/** Waits in real time, whatever the clock of the rule. `sleep(0)` lets every task that is ready run first. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Whether `work` ends within `ms` of real time. What it rejects with is passed on; no timer outlives it. */
export async function inTime(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The clock of one rule: turned by hand where the store takes it, the real one otherwise. */
export class TestClock {
  /** Whether the clock is turned by hand. */
  readonly injected: boolean;
  /** How many ms it was to go on by, in all. */
  advanced = 0;
  #at: number;

  constructor(injected: boolean, start: number) {
    this.injected = injected;
    this.#at = start;
  }

  /** The time in ms since 1970. To be handed to stores, hence no method. */
  readonly now = (): number => (this.injected ? this.#at : Date.now());

  /** Goes on by `ms`: at once where the clock is turned by hand, by waiting where it is not. */
  async advance(ms: number): Promise<void> {
    this.advanced += ms;
    if (this.injected) this.#at += ms;
    else await sleep(ms);
  }
}
