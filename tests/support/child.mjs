/** Programs in processes of their own: fresh wasm, and an exit code that tells of what nobody caught. */

import { spawn } from "node:child_process";

/**
 * Runs Node with `args`; gives its exit code and output. Kills it after `timeout` ms.
 * @param {string[]} args
 * @param {{ cwd?: string, input?: string, timeout?: number }} [options]
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export function node(args, { cwd, input, timeout = 300_000 } = {}) {
  return run(process.execPath, args, { cwd, input, timeout });
}

/** Runs `source` as an ES module in a fresh process. */
export function program(source, { flags = [], ...options } = {}) {
  return node([...flags, "--input-type=module", "-"], { ...options, input: source });
}

/** Runs any command; see {@link node}. */
export function run(command, args, { cwd, input = "", timeout = 300_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, timeout, killSignal: "SIGKILL" });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.on("error", () => {}); // it ended without reading
    child.stdin.end(input);
  });
}
