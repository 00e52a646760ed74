/** A program in a process of its own that answers tasks, each a line of JSON on its input and output. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Starts `command`. What it says besides answers is its standard error.
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 */
export function startProcess(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
  const waiting = new Map();
  let last = 0;
  let over = false;
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { id, value, error } = JSON.parse(line);
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(value);
    else reject(new Error(error));
  });
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: null, said: `${error.message}\n${said}` }));
    child.on("close", (code) => resolve({ code, said }));
  });
  const fail = ({ code, said }) => {
    for (const { reject } of waiting.values()) reject(new Error(`${command} has ended with ${code}: ${said}`));
    waiting.clear();
  };
  ended.then((end) => {
    over = true;
    fail(end);
  });
  child.stdin.on("error", () => {}); // it has ended: every task that waits is told so
  return {
    pid: child.pid,
    /** The result of a task. */
    ask: (step, given = {}) =>
      new Promise((resolve, reject) => {
        last++;
        waiting.set(last, { resolve, reject });
        if (over) return void ended.then(fail);
        child.stdin.write(`${JSON.stringify({ id: last, step, given })}\n`);
      }),
    /** Ends its input, and soon after the process; gives its exit code, and what it said. */
    async stop() {
      child.stdin.end();
      const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
      const end = await ended;
      clearTimeout(late);
      return end;
    },
  };
}
