/** Work that many ask for, and that is done once for all of them. */

/** How much of the time `gathered` leaves to others: four parts of five. */
const REST = 4;

/**
 * `work`, of which one is under way at a time. Whoever asks gets what was begun after that, so that what is shown last is
 * what was looked at last.
 */
export function oneAtATime<T>(work: () => Promise<T>): () => Promise<T> {
  let going: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= going.then(() => {
      next = undefined;
      const done = work();
      going = done.catch(() => undefined);
      return done;
    });
    return next;
  };
}

/**
 * Does `work` for all calls of the last `ms` together. While they keep coming it is done again and again, but most of the
 * time is left to others.
 */
export function gathered(ms: number, work: () => Promise<void>): () => void {
  let isWanted = false;
  let isGoing = false;
  const go = async () => {
    isGoing = true;
    try {
      for (let rest = ms; isWanted; ) {
        await new Promise((resolve) => setTimeout(resolve, rest));
        isWanted = false;
        const began = performance.now();
        await work();
        rest = Math.max(ms, REST * (performance.now() - began));
      }
    } finally {
      isGoing = false;
    }
  };
  return () => {
    isWanted = true;
    if (!isGoing) void go();
  };
}
