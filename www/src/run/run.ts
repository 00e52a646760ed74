/** One run: all chunks are embedded through the cache, a part at a time, and what that takes is measured. */

import type { PageEmbedder } from "../embedders/model.ts";
import { nextTask } from "../parts.ts";
import type { Cached } from "./cache.ts";
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

/** Embeds `texts`, which are all different. Ends with the signal's reason when that aborts. */
export async function run(
  { cached, embedder }: { cached: Cached; embedder: PageEmbedder },
  texts: readonly string[],
  { gate, signal, onProgress }: { gate: Gate; signal: AbortSignal; onProgress: (progress: RunProgress) => void },
): Promise<RunResult> {
  const clock = new PhaseClock(gate);
  const before = { done: 0, hits: 0 };
  embedder.signal = signal;
  cached.watch = { gate, begun: () => clock.begun(), ended: () => clock.ended() };
  try {
    for (let at = 0; at < texts.length; at += PART) {
      await gate.pass();
      // What is in memory is there at once: without this all parts would be one task.
      await nextTask();
      const part = texts.slice(at, at + PART);
      const last = { done: 0, hits: 0 };
      clock.start();
      await cached.cached.embedDocumentsTyped(part, {
        signal,
        onProgress: ({ done, hits }) => {
          Object.assign(last, { done, hits });
          onProgress({ done: before.done + done, of: texts.length, hits: before.hits + hits });
        },
      });
      clock.stop();
      // Progress is told after the fact: the last word may still be on its way.
      await Promise.resolve();
      before.done += part.length;
      before.hits += last.hits;
      signal.throwIfAborted();
    }
  } finally {
    cached.watch = undefined;
    embedder.signal = undefined;
  }
  const { times } = clock;
  const total = times.read + times.embed + times.write;
  return { hits: before.hits, misses: texts.length - before.hits, times, total };
}

/** Whose time it is: the tiers' until the embedder is first asked, then the embedder's whenever it is at work. */
class PhaseClock {
  readonly times: PhaseTimes = { read: 0, embed: 0, write: 0 };
  readonly #gate: Gate;
  #phase: Phase = "read";
  #since = 0;
  #atWork = 0;

  constructor(gate: Gate) {
    this.#gate = gate;
  }

  start(): void {
    this.#phase = "read";
    this.#since = this.#now();
  }

  stop(): void {
    this.#to("read");
  }

  begun(): void {
    this.#atWork += 1;
    this.#to("embed");
  }

  ended(): void {
    this.#atWork -= 1;
    if (this.#atWork === 0) this.#to("write");
  }

  #to(phase: Phase): void {
    const now = this.#now();
    this.times[this.#phase] += now - this.#since;
    this.#phase = phase;
    this.#since = now;
  }

  /** Without pauses. */
  #now(): number {
    return performance.now() - this.#gate.waited;
  }
}
