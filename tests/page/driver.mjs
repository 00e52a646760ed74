/** Drives the page as a person would, and holds what it says of its runs against what should have happened. */
import assert from "node:assert/strict";
import { escaped, named } from "./eyes.mjs";
import { Hands } from "./hands.mjs";

export { named } from "./eyes.mjs";
export { buildPage } from "./site.mjs";

/** A browser with the page. */
export class Driver extends Hands {
  /**
   * Runs, and holds the row and the summary of the run against what should have happened: who answered how many of the
   * chunks. `remote: null` is a page without that tier; `stored` is how many this browser was given to keep.
   */
  async runAs(number, { kind, memory = 0, browser = 0, remote = null, embedded = 0, stored, click = true }) {
    if (click) await this.click("run");
    await this.says(new RegExp(`^Run ${number} was ${escaped(kind)}:`, "u"));
    await this.idle();
    const { value } = this.built;
    const hits = memory + browser + (remote ?? 0);
    assert.equal(await this.text(`run-${number}-kind`), kind);
    assert.equal(await this.text("last-kind"), kind);
    assert.equal(await this.whole(`run-${number}-memory`), memory);
    assert.equal(await this.whole(`run-${number}-browser`), browser);
    if (remote === null) assert.equal(await this.text(`run-${number}-remote`), "—");
    else assert.equal(await this.whole(`run-${number}-remote`), remote);
    assert.equal(await this.whole(`run-${number}-misses`), embedded);
    assert.equal(await this.whole("last-chunks"), hits + embedded);
    assert.equal(await this.whole("last-hits"), hits);
    assert.equal(await this.whole("last-misses"), embedded);
    assert.equal(await this.bytes("last-bytes-read"), hits * value);
    assert.equal(await this.bytes("last-bytes-written"), (stored ?? (remote ?? 0) + embedded) * value);
    assert.match(await this.text("last-hit-rate"), embedded === 0 ? /^100 %$/u : /^\d+(\.\d)? %$/u);
    await this.#checkTimes(number, embedded);
    await this.#checkTiers({ memory, browser, remote, embedded });
  }

  /** Takes the network away from the tab, or gives it back. */
  async setOffline(is) {
    if (this.isChromium) await this.context.setOffline(is);
    else await this.page.setOfflineMode(is);
  }

  async #checkTimes(number, embedded) {
    const phases = await Promise.all(["read", "embed", "write"].map((phase) => this.exact(`run-${number}-${phase}`)));
    const total = await this.exact(`run-${number}-total`);
    assert.ok(total >= 0 && phases.every((ms) => ms >= 0), `${phases} ms, ${total} in all`);
    assert.equal(await this.exact("last-total"), total);
    const sum = phases.reduce((before, ms) => before + ms, 0);
    assert.ok(Math.abs(sum - total) < 1e-6, `${phases} make up ${total}`);
    for (const phase of ["embed", "write"]) {
      const shown = await this.text(`run-${number}-${phase}`);
      if (embedded === 0) assert.equal(shown, "—");
      else assert.match(shown, /\d m?s$/u);
    }
  }

  /** The cards of the tiers say who answered, each with its share drawn. */
  async #checkTiers({ memory, browser, remote, embedded }) {
    const chunks = memory + browser + (remote ?? 0) + embedded;
    for (const [tier, hits] of Object.entries({ memory, browser, remote, embedder: embedded })) {
      if (hits === null) {
        assert.equal(await this.text(`${tier}-hits`), "–");
        continue;
      }
      assert.equal(await this.whole(`${tier}-hits`), hits);
      const width = await this.tab.eval(
        (id) => Number(document.querySelector(id).getAttribute("width")),
        `#${tier}-share`,
      );
      assert.ok(Math.abs(width - (1000 * hits) / chunks) < 1e-6, `${tier}: ${width}`);
    }
    assert.match(await this.text("embedder-took"), embedded === 0 ? /^–$/u : /\d m?s$/u);
  }

  /** The sentence and the bars say what the rows of the runs of each kind say. */
  async checkSummary({ cold, memory, browser, remote }) {
    const total = (run) => this.exact(`run-${run}-total`);
    const ratio = (await total(cold)) / (await total(browser ?? remote ?? memory));
    assert.ok(Math.abs((await this.exact("speedup")) - ratio) < 1e-9);
    const summary = await this.text("summary");
    const which = `Warm from ${browser ? "this browser" : remote ? "the remote tier" : "memory"} is`;
    const than = ratio >= 1.05 ? ".* faster than cold: " : "(slower|no faster) than cold here";
    assert.match(summary, new RegExp(`^${which} ${than}`, "u"));
    const said = [`${await this.text(`run-${cold}-total`)} cold`];
    if (memory) said.push(`${await this.text(`run-${memory}-total`)} warm from memory`);
    if (browser) said.push(`${await this.text(`run-${browser}-total`)} warm from this browser`);
    if (remote) said.push(`${await this.text(`run-${remote}-total`)} warm from the remote tier`);
    assert.ok(summary.endsWith(`: ${said.join(", ")}.`), summary);
    assert.equal(Number((await this.text("speedup")).replace(/[×,]/gu, "")), Number(ratio.toFixed(ratio < 10 ? 1 : 0)));
    const labels = await this.tab.eval(
      (bars) => [...document.querySelectorAll(bars)].map((bar) => bar.getAttribute("aria-label")),
      `${named("bars")} [role=img]`,
    );
    const rows = [cold && "Cold", memory && "Warm (memory)", browser && "Warm (browser)", remote && "Warm (remote)"];
    assert.deepEqual(
      labels.map((label) => label.split(":", 1)[0]),
      rows.filter(Boolean),
    );
  }

  /** The runs that the chart over runs tells of, each as its number and kind. */
  async charted() {
    const label = await this.tab.eval(
      (chart) => document.querySelector(chart).getAttribute("aria-label"),
      "#columns svg",
    );
    return [...label.matchAll(/run (\d+) ([a-z() ]+?) [\d.,]+ m?s/gu)].map(([, number, kind]) => `${number} ${kind}`);
  }
}
