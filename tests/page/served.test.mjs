/** The page as people serve it, in each browser: by what `cargo xtask demo` runs, a Redis behind it, and by any server of files. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { BROWSERS } from "./browsers.mjs";
import { buildPage, Driver } from "./driver.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
describe("the page as people serve it", { timeout: 900_000 }, () => {
  let built;

  before(async () => {
    built = await buildPage();
  });

  after(() => built?.remove());

  test("by what cargo xtask demo runs: cold, then warm from the Redis behind it in a second browser", async (t) => {
    const demo = await serveBy(process.execPath, [join(here, "demo.mjs"), built.site], /^(http:\S+)/u);
    try {
      const asked = await fetch(`${demo.found}redis`, { method: "POST", body: '["INFO","server"]' });
      assert.match((await asked.json()).result, /redis_version/u, "a real one");
      let isFirst = true;
      for (const { name } of BROWSERS) {
        await drive(name, demo.found, async (driver) => {
          const many = built.chunks.length;
          await driver.reads("remote-state", /^Redis over HTTP/u);
          if (isFirst) await driver.runAs(1, { kind: "cold", remote: 0, embedded: many });
          else await driver.runAs(1, { kind: "warm (remote)", remote: many });
          isFirst = false;
          assert.equal(await driver.whole("remote-kept"), many);
          t.diagnostic(`${name}: ${await driver.times(1)}`);
        });
      }
    } finally {
      await demo.stop();
    }
  });

  test("by a server of files that knows nothing of the page: without a remote tier", async () => {
    const args = ["-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", built.site, "0"];
    const files = await serveBy("python3", args, /\((http:\S+)\)/u);
    try {
      for (const { name } of BROWSERS) {
        await drive(name, files.found, async (driver) => {
          await driver.reads("remote-state", /^None here: these are plain files/u);
          await driver.runAs(1, { kind: "cold", embedded: built.chunks.length });
          await driver.reads("offline", /^Works offline now\.$/u);
          await driver.reload();
          await driver.runAs(2, { kind: "warm (browser)", browser: built.chunks.length });
        });
      }
    } finally {
      await files.stop();
    }
  });

  async function drive(name, url, work) {
    const driver = new Driver(built, url, name);
    try {
      await driver.start();
      await driver.open();
      await work(driver);
      assert.deepEqual(driver.complaints, [], name);
    } finally {
      await driver.remove();
    }
  }

  /** Starts a server, and waits until it says where it is; `stop` ends all that it has started. */
  async function serveBy(command, args, where) {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"], detached: true });
    const gone = once(child, "exit");
    const stop = async () => {
      process.kill(-child.pid, "SIGTERM");
      await gone;
    };
    for await (const line of createInterface({ input: child.stdout })) {
      const [, found] = where.exec(line) ?? [];
      if (found !== undefined) return { found, stop };
    }
    throw new Error(`${command} ${args.join(" ")} ended before it served anything`);
  }
});
