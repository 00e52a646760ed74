/** One run: all chunks are embedded through the cache, a part at a time, and what that takes is measured. */
import { nextTask } from "../breath.ts";
import type { Around, Cached } from "./cache.ts";
import type { Gate } from "./gate.ts";

/** What takes the time of a run: the cache is read, the embedder asked, what is new written. */
export type Phase = "read" | "embed" | "write";

/** How long each phase took, in ms. */
export type PhaseTimes = Record<Phase, number>;

/** How far a run is, in chunks. */
export interface RunProgress {
  done: number;
  of: number;
  /** Those of `done` that did not have to be embedded. */
  hits: number;
}

/** What a run comes to. */
export interface RunResult {
  hits: number;
  misses: number;
  times: PhaseTimes;
  /** All of it, in ms; pauses are not counted. */
  total: number;
}

/**
 * Texts of one call: few enough that the page moves between two, and enough that tiers which answer by the request are
 * asked seldom.
 */
const PART = 256;

/**
 * Embeds `texts`, which are all different, by what `open` gives. Ends with the signal's reason when that aborts.
 */
export async function run(
  open: (around: Around) => Cached,
  texts: readonly string[],
  { gate, signal, onProgress }: { gate: Gate; signal: AbortSignal; onProgress: (progress: RunProgress) => void },
): Promise<RunResult> {
  const clock = new PhaseClock();
  const before = { done: 0, hits: 0 };
  const cached = open(async (batch) => {
    clock.waits();
    await gate.pass();
    clock.begun();
    try {
      signal.throwIfAborted();
      return await batch();
    } finally {
      clock.ended();
    }
  });
  try {
    for (let at = 0; at < texts.length; at += PART) {
      await gate.pass();
      // What is in memory is there at once: without this all parts would be one task.
      await nextTask();
      const part = texts.slice(at, at + PART);
      const last = { done: 0, hits: 0 };
      clock.start();
      await cached.embedTyped(part, ({ done, hits }) => {
        Object.assign(last, { done, hits });
        onProgress({ done: before.done + done, of: texts.length, hits: before.hits + hits });
      });
      clock.stop();
      // Progress is told after the fact: the last word may still be on its way.
      await Promise.resolve();
      before.done += part.length;
      before.hits += last.hits;
      signal.throwIfAborted();
    }
  } finally {
    cached.close();
  }
  const { read, embed, write } = clock.times;
  const times = { read, embed, write };
  return { hits: before.hits, misses: texts.length - before.hits, times, total: read + embed + write };
}

/**
 * Whose time it is: the tiers' until the embedder is first asked, then the embedder's whenever it is at work, and nobody's
 * while all that is left to do waits for the person. A pause alone stops no clock: what is under way goes on in it.
 */
class PhaseClock {
  readonly times: Record<Phase | "wait", number> = { read: 0, embed: 0, write: 0, wait: 0 };
  #phase: Phase | "wait" = "read";
  #since = 0;
  #waiting = 0;
  #atWork = 0;

  start(): void {
    this.#phase = "read";
    this.#since = performance.now();
  }

  stop(): void {
    this.#to("read");
  }

  /** A batch is about to be given to the embedder, and waits if the gate is shut. */
  waits(): void {
    this.#waiting += 1;
    if (this.#atWork === 0) this.#to("wait");
  }

  begun(): void {
    this.#waiting -= 1;
    this.#atWork += 1;
    this.#to("embed");
  }

  ended(): void {
    this.#atWork -= 1;
    if (this.#atWork === 0) this.#to(this.#waiting > 0 ? "wait" : "write");
  }

  #to(phase: Phase | "wait"): void {
    const now = performance.now();
    this.times[this.#phase] += now - this.#since;
    this.#phase = phase;
    this.#since = now;
  }
}
