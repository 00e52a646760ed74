/** Tools as processes of their own, with an environment: those that end, and those that serve until they are stopped. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../../support/child.mjs";

/** Runs `command` to its end, with `env` besides what there is; gives what it has printed. It must succeed. */
export async function succeed(command, args, { env = {}, timeout = 300_000, ...options }) {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const { code, stdout, stderr } = await run("env", [...variables, command, ...args], { timeout, ...options });
  assert.equal(code, 0, `${command} ${args.join(" ")}: ${stdout}${stderr}`);
  return { stdout, stderr };
}

/**
 * Starts a server and waits until it prints what `ready` matches. `stop()` ends it with all processes that it has
 * started.
 *
 * @returns {Promise<{ found: RegExpExecArray, said: () => string, stop: () => Promise<void> }>}
 */
export async function serve(command, args, { cwd, env = {}, ready, timeout = 300_000 }) {
  // A group of its own: these tools leave the work to children, which a signal to the parent alone may not reach.
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, detached: true });
  const signal = (name) => {
    try {
      process.kill(-child.pid, name);
    } catch {
      // All of them have ended.
    }
  };
  const end = () => signal("SIGKILL");
  process.once("exit", end);
  let said = "";
  const closed = new Promise((resolve) => {
    child.once("close", resolve);
  });
  const stop = async () => {
    // Asked to end, they remove their temporary files.
    signal("SIGINT");
    await Promise.race([closed, sleep(5_000, undefined, { ref: false })]);
    process.off("exit", end);
    end();
    await closed;
  };
  try {
    const found = await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${command} is not ready in ${timeout} ms: ${said}`)), timeout);
      const settle = (settled, value) => {
        clearTimeout(late);
        settled(value);
      };
      const hear = (text) => {
        said += text;
        const match = ready.exec(said);
        if (match !== null) settle(resolve, match);
      };
      child.stdout.setEncoding("utf8").on("data", hear);
      child.stderr.setEncoding("utf8").on("data", hear);
      child.once("error", (error) => settle(reject, error));
      closed.then(() => settle(reject, new Error(`${command} ended: ${said}`)));
    });
    return { found, said: () => said, stop };
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw error;
  }
}
