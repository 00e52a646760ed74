/**
 * The runtimes that programs of steps run in: each is opened on a copy of the package and a module of steps, asked for
 * steps, and asked for its heap after its garbage was collected, by whatever means it offers.
 *
 * @typedef {{ bytestow: typeof import("bytestow"), embeddings?: typeof import("bytestow/embeddings"), glue: any, runtime: any,
 *   gc?: () => Promise<void>, watched: any }} Copy what a module of steps is given, by its export `steps`: the package, the
 *   modules by which it calls wasm, and prelude.mjs's
 * @typedef {{ root: string, steps: string, embeddings?: boolean, server?: { url: string, token: string } }} Program `steps` is a
 *   module's path; `embeddings` is for a copy of the package that finds `@langchain/core`; pages reach the server under their
 *   own origin
 * @typedef {object} Driver
 * @property {string} title
 * @property {string[]} tells the figures that `settle` gives
 * @property {(step: string, given?: object) => Promise<any>} ask
 * @property {() => Promise<{ heap?: number, active?: number, files?: number }>} settle collects garbage; gives the bytes of the
 *   heap (Firefox does not tell), what keeps the event loop alive, and open files, where there is such a thing
 * @property {() => Promise<string[]>} close ends it; gives what the runtime complained of
 */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { newProfile, openProfile } from "../chromium.mjs";
import { openFirefox } from "../firefox.mjs";
import { runtimeOf } from "../runtimes.mjs";
import { page as pageOf, serveFiles } from "../site.mjs";
import { forward } from "../upstash/proxy.mjs";
import { startProcess } from "../worker_process.mjs";
import { bundleForPage, bundleForWorkerd, startWorkerd } from "./bundles.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Node, Deno or Bun, by its name in runtimes.mjs.
 * @param {string} name
 * @param {Program} program
 * @returns {Promise<Driver>}
 */
export async function openProcess(name, { root, steps, embeddings = false }) {
  const runtime = runtimeOf(name);
  const given = [root, steps, embeddings ? "embeddings" : ""];
  const child = startProcess(runtime.path, [...runtime.args(here("process.mjs"), { gc: true }), ...given]);
  return {
    title: runtime.title,
    tells: ["heap", "files"],
    ask: child.ask,
    settle: async () => ({ ...(await child.ask("heap")), files: readdirSync(`/proc/${child.pid}/fd`).length }),
    async close() {
      const { code, said } = await child.stop();
      return [said, code === 0 ? "" : `it ended with ${code}`].filter((text) => text !== "");
    },
  };
}

/** The page's site: the server is under its own origin. */
async function site({ server, ...program }) {
  const files = { "/": pageOf("/page.js"), "/page.js": await bundleForPage(here("page.mjs"), program) };
  if (server === undefined) return serveFiles(files);
  const pass = forward(server.url, { token: server.token });
  return serveFiles(files, { upstash: (request, response) => pass(request, response, "/") });
}

/** A page's own way to a server. */
const onPage = (given) => (given?.server ? { ...given, server: { url: "upstash/rest", token: null } } : given);

/**
 * A page in Chromium.
 * @param {Program} program
 * @returns {Promise<Driver>}
 */
export async function openChromium(program) {
  const [served, profile] = await Promise.all([site(program), newProfile()]);
  const context = await openProfile(profile);
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/favicon/u.test(message.location().url)) complaints.push(message.text());
  });
  const devtools = await context.newCDPSession(page);
  await page.goto(served.url);
  await page.waitForFunction("globalThis.ready");
  return {
    tells: ["heap"],
    title: `chromium ${context.browser().version().split(".", 1)[0]}`,
    ask: (step, given) => page.evaluate((args) => globalThis.ask(args), [step, onPage(given)]),
    async settle() {
      for (let time = 0; time < 3; time++) {
        await devtools.send("HeapProfiler.collectGarbage");
        await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 5)));
      }
      return { heap: (await devtools.send("Runtime.getHeapUsage")).usedSize };
    },
    async close() {
      await context.close();
      await served.close();
      await profile.remove();
      return complaints;
    },
  };
}

/**
 * A page in Firefox.
 * @param {Program} program
 * @returns {Promise<Driver>}
 */
export async function openFirefoxPage(program) {
  const [served, profile] = await Promise.all([site(program), newProfile()]);
  const browser = await openFirefox(profile, { "dom.testing.testutils.enabled": true });
  const page = await browser.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(served.url);
  await page.waitForFunction("globalThis.ready");
  return {
    tells: [],
    title: `firefox ${/\d+/u.exec(await browser.version())[0]}`,
    ask: (step, given) => page.evaluate((args) => globalThis.ask(args), [step, onPage(given)]),
    async settle() {
      await page.evaluate(async () => {
        for (let time = 0; time < 3; time++) {
          await globalThis.TestUtils.gc();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      });
      return {};
    },
    async close() {
      await browser.close();
      await served.close();
      await profile.remove();
      return complaints;
    },
  };
}

/**
 * An isolate of workerd; its heap is asked for over its inspector.
 * @param {Program} program
 * @param {string} compatibilityDate
 * @returns {Promise<Driver>}
 */
export async function openWorkerd(program, compatibilityDate) {
  const modules = await bundleForWorkerd(here("worker.mjs"), program);
  const worker = await startWorkerd(modules, compatibilityDate, { inspectorPort: 0 });
  const inspector = await inspect(await worker.miniflare.getInspectorURL());
  return {
    tells: ["heap"],
    title: `workerd ${compatibilityDate}`,
    ask: worker.ask,
    async settle() {
      for (let time = 0; time < 3; time++) {
        inspector.collect();
        // Finalizers run in the turns of requests.
        await worker.ask("instances");
      }
      return { heap: await inspector.heap() };
    },
    async close() {
      inspector.close();
      await worker.stop();
      return worker
        .said()
        .split("\n")
        .filter((line) => line !== "" && !/ info: /u.test(line));
    },
  };
}

async function inspect({ host }) {
  const targets = await (await fetch(`http://${host}/json`)).json();
  const { webSocketDebuggerUrl } = targets.find(({ id }) => id === "core:user:");
  const socket = new WebSocket(webSocketDebuggerUrl);
  const waiting = new Map();
  let last = 0;
  socket.on("message", (data) => {
    const { id, result } = JSON.parse(data);
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const send = (method) => {
    socket.send(JSON.stringify({ id: ++last, method, params: {} }));
    return new Promise((resolve) => waiting.set(last, resolve));
  };
  await send("Runtime.enable");
  await send("HeapProfiler.enable");
  return {
    // workerd collects, but never answers that it did.
    collect: () => void send("HeapProfiler.collectGarbage"),
    heap: async () => (await send("Runtime.getHeapUsage")).usedSize,
    close: () => socket.close(),
  };
}
