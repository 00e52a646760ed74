/** The page itself, in Chromium: how long its main thread is held while chunks are read warm. */

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "../../../www/serve.mjs";
import { buildPage, Driver } from "../../page/driver.mjs";

/** How many chunks are read. */
export const CHUNKS = 1_000;

/**
 * @typedef {object} PageRound In ms.
 * @property {number} task The longest task, as the browser tells of it; 0 if none was long.
 * @property {number} gap The longest gap between messages that the page sends itself.
 * @property {number} total What the page says that the run took.
 *
 * @typedef {object} PageFigures
 * @property {number} rounds
 * @property {Record<"browser" | "memory", PageRound[]>} warm By the tier that answers.
 */

/**
 * @param {{ rounds: number, progress: (line: string) => void }} given
 * @returns {Promise<PageFigures>}
 */
export async function page({ rounds, progress }) {
  progress("the page, Chromium");
  const built = await buildPage();
  // What measures comes from the page's own origin, as its policy wants.
  await cp(fileURLToPath(new URL("../embeddings/tasks.mjs", import.meta.url)), join(built.site, "tasks.mjs"));
  const server = await serve(built.site);
  const driver = new Driver(built, server.url);
  try {
    await driver.start();
    await driver.open();
    await driver.choose(["thousand.txt", text(built)]);
    await driver.runAs(1, { kind: "cold", embedded: CHUNKS });
    const warm = { browser: [], memory: [] };
    for (let round = 0; round < rounds; round += 1) {
      await driver.reload();
      await driver.choose(["thousand.txt", text(built)]);
      for (const tier of ["browser", "memory"]) {
        const number = 2 + 2 * round + (tier === "memory" ? 1 : 0);
        const held = await watched(driver, number);
        await driver.runAs(number, { kind: `warm (${tier})`, [tier]: CHUNKS, click: false });
        warm[tier].push({ ...held, total: await driver.exact("last-total") });
      }
    }
    if (driver.complaints.length > 0) throw new Error(`the page complains: ${driver.complaints.join("; ")}`);
    return { rounds, warm };
  } finally {
    await driver.remove();
    await server.close();
    await built.remove();
  }
}

/** As many chunks of the sample as are read, each a paragraph that is cut nowhere else. */
function text({ chunks, split }) {
  const whole = chunks.map((chunk) => chunk.replace(/\s+/gu, " "));
  const paragraphs = whole.slice(0, CHUNKS).map((chunk, at) => `${at} ${chunk}`.padEnd(380, ".").slice(0, 380));
  const joined = paragraphs.join("\n\n");
  const { length } = split(joined);
  if (length !== CHUNKS) throw new Error(`${length} chunks of ${CHUNKS} paragraphs`);
  return joined;
}

/** Presses the button, and watches the page's thread until the run is over. */
function watched(driver, number) {
  return driver.tab.eval(async (wanted) => {
    const tasks = await import(new URL("tasks.mjs", document.baseURI).href);
    return tasks.watched(() => {
      const status = document.querySelector("#status");
      const over = new Promise((resolve) => {
        const observer = new MutationObserver(() => {
          if (!status.textContent.startsWith(`Run ${wanted} was`)) return;
          observer.disconnect();
          resolve();
        });
        observer.observe(status, { childList: true, characterData: true, subtree: true });
      });
      document.querySelector("#run").click();
      return over;
    });
  }, number);
}
