/**
 * workerd itself, without wrangler or Miniflare, and the CPU time that it takes. Its clocks stand still for the Worker, so
 * the time is read from outside: what Linux' scheduler counts for each thread, in nanoseconds.
 */

import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { get } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import workerd from "workerd";

/** Until a process that has nothing left to do is taken for one. */
const QUIET_MS = 20;

/** The longest that a process may live: one that does not answer is ended, which fails what waits for it. */
const PATIENCE_MS = 30_000;

/** Throws where there is nothing to read CPU times from. */
export async function ready() {
  await readFile("/proc/self/schedstat").catch(() => {
    throw new Error("edge: there is no /proc/self/schedstat: CPU times are read on Linux alone");
  });
}

/** One cold start of a Worker. */
export class Cold {
  #child;
  #port;
  #said = "";
  /** Of each thread the last that was read: one that has ended has still taken its time. */
  #threads = new Map();

  /** @param {string} config Path of the configuration. */
  constructor(config) {
    this.#child = spawn(workerd.default, ["serve", config, "--control-fd=3"], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      timeout: PATIENCE_MS,
      killSignal: "SIGKILL",
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding("utf8").on("data", (said) => {
        this.#said += said;
      });
    }
  }

  /** Waits until it listens: the Worker's modules have been evaluated. */
  async listens() {
    this.#port = await new Promise((resolve, reject) => {
      let lines = "";
      this.#child.stdio[3].setEncoding("utf8").on("data", (more) => {
        lines += more;
        const listening = lines.split("\n").find((line) => line.includes('"listen"') && line.endsWith("}"));
        if (listening !== undefined) resolve(JSON.parse(listening).port);
      });
      this.#child.on("error", reject);
      this.#child.on("exit", () => reject(new Error(`workerd ended before it listened: ${this.#said}`)));
    });
  }

  /** Makes a request, which the Worker must answer by "done". */
  async ask() {
    const body = await new Promise((resolve, reject) => {
      const url = `http://127.0.0.1:${this.#port}/`;
      const request = get(url, { agent: false }, (response) => text(response).then(resolve, reject));
      request.on("error", (cause) => reject(new Error(`no answer from workerd; it said: ${this.#said}`, { cause })));
    });
    if (body !== "done") throw new Error(`the Worker answered ${JSON.stringify(body)}; workerd said: ${this.#said}`);
  }

  /**
   * The CPU time of all threads so far, in ms, once nothing runs any more: what is compiled or collected in the background
   * after an answer is part of its price.
   */
  async cpu() {
    for (let last = -1; ; ) {
      const { spent, running } = await this.#read();
      if (spent === last && !running) return spent / 1e6;
      last = spent;
      await sleep(QUIET_MS);
    }
  }

  /** What the threads have spent, in ns, and whether one of them runs or, on a busy machine, waits for its turn to. */
  async #read() {
    const folder = `/proc/${this.#child.pid}/task`;
    let running = false;
    for (const thread of await readdir(folder)) {
      const read = (file) => readFile(`${folder}/${thread}/${file}`, "utf8");
      try {
        const [counts, state] = [await read("schedstat"), await read("stat")];
        this.#threads.set(thread, Number(counts.split(" ")[0]));
        // The thread's name, in brackets, may hold anything.
        running ||= state.slice(state.lastIndexOf(")") + 2).startsWith("R");
      } catch (error) {
        // It has ended meanwhile.
        if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error;
      }
    }
    return { spent: [...this.#threads.values()].reduce((sum, ns) => sum + ns, 0), running };
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    // False where there is no process, or none any more.
    if (this.#child.kill("SIGKILL")) await ended;
  }
}
