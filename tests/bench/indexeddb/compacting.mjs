/**
 * Reads in one tab while another compacts.
 *
 * @import { Browser } from "../browser/tabs.mjs"
 */

/** Half of a run of the compacting tab is over when the other reads nothing but what was compacted. */
const ROUNDS = 12;

/**
 * @typedef {object} Compacting
 * @property {number[]} quiet Times of reads while nothing else went on, in ms.
 * @property {number[]} during Those of which a part fell into a time of compaction.
 * @property {number} busy How long it was compacting, in ms.
 * @property {number} bytes What it moved.
 *
 * @param {Browser} browser
 * @param {(line: string) => void} progress
 * @returns {Promise<Compacting>}
 */
export async function compacting(browser, progress) {
  const [reader, writer] = [await browser.tab(), await browser.tab()];
  try {
    await writer.run("fillToCompact");
    const alone = reader.run("readSingly");
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await reader.run("stopReading");
    const quiet = (await alone).map(({ from, to }) => to - from);

    const reading = reader.run("readSingly");
    const { times, bytes } = await writer.run("compactAgain", { rounds: ROUNDS }, progress);
    await reader.run("stopReading");
    const reads = await reading;
    const during = reads
      .filter(({ from, to }) => times.some((time) => from < time.to && to > time.from))
      .map(({ from, to }) => to - from);
    const busy = times.reduce((sum, { from, to }) => sum + to - from, 0);
    if (bytes === 0 || during.length === 0) throw new Error("nothing was compacted while reading");
    return { quiet, during, busy, bytes };
  } finally {
    await reader.close();
    await writer.close();
  }
}
