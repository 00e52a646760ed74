/** What a person sees of the page. */
import assert from "node:assert/strict";

/** A selector of what the page calls `id`. */
export const named = (id) => `[data-testid="${id}"]`;

/** Looks at the page in a tab. */
export class Eyes {
  /** The tab that is looked at. @type {import("./browsers.mjs").Tab} */
  tab;

  async ready() {
    await this.says(/“Pride and Prejudice” is split/u);
    await this.idle();
  }

  /** Waits until something can be begun, and what the remote tier keeps is counted, for which the page itself does not. */
  async idle() {
    await this.free();
    await this.tab.until(() => document.querySelector("#remote-kept")?.getAttribute("aria-busy") !== "true");
  }

  /** Waits until something can be begun. */
  async free() {
    await this.tab.until(() => document.querySelector("#run")?.getAttribute("aria-disabled") === "false");
  }

  /** Waits until the status says so. */
  async says(pattern) {
    const [source, flags] = pattern instanceof RegExp ? [pattern.source, pattern.flags] : [escaped(pattern), "u"];
    await this.#until("status", source, flags);
  }

  /** Waits until the element `id` has text that fits. */
  async reads(id, pattern) {
    await this.#until(id, pattern.source, pattern.flags);
  }

  async #until(id, source, flags) {
    const look = ({ selector, source, flags }) =>
      new RegExp(source, flags).test(document.querySelector(selector)?.textContent ?? "");
    try {
      await this.tab.until(look, { selector: named(id), source, flags });
    } catch (error) {
      const [shown, status, alert] = await Promise.all([id, "status", "alert"].map((each) => this.text(each)));
      throw new Error(`${id} never read /${source}/: it reads “${shown}” (status “${status}”, alert “${alert}”)`, {
        cause: error,
      });
    }
  }

  /** Waits until the text of `selector` has `words`, and gives it. */
  async shows(selector, words) {
    const look = ([where, what]) => {
      const text = document.querySelector(where)?.textContent.replace(/\s+/gu, " ").trim();
      return text?.includes(what) && text;
    };
    try {
      return await this.tab.until(look, [selector, words]);
    } catch (error) {
      const shown = await this.tab.eval((where) => document.querySelector(where)?.textContent, selector);
      throw new Error(`${selector} never read “${words}”: it reads “${shown}”`, { cause: error });
    }
  }

  /** Waits until the panels stand, which come at a person's first press. */
  async panels() {
    // No key that moves the focus: Firefox, still loading, would move it out of the page.
    await this.tab.press("Shift");
    await this.tab.until(() => document.querySelector("#search-query"));
    await this.shows("#explorer-found", " ");
  }

  /** The text of the element that is called `id`; `undefined` where there is none. */
  text(id) {
    return this.tab.eval((selector) => document.querySelector(selector)?.textContent, named(id));
  }

  /** Whether a person sees the element that is called `id`. */
  isVisible(id) {
    return this.tab.eval((selector) => {
      const found = document.querySelector(selector);
      return found?.checkVisibility({ visibilityProperty: true }) ?? false;
    }, named(id));
  }

  /** The exact number behind a number shown. */
  async exact(id) {
    return Number(await this.tab.eval((selector) => document.querySelector(selector).getAttribute("value"), named(id)));
  }

  /** A count, which must be shown in full. */
  async whole(id) {
    const value = await this.exact(id);
    assert.equal(await this.text(id), value.toLocaleString("en-US"), id);
    return value;
  }

  /** A size, which must be shown rightly rounded. */
  async bytes(id) {
    const value = await this.exact(id);
    const shown =
      value < 1000 ? `${value} B` : value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(2)} MB`;
    assert.equal(await this.text(id), shown, id);
    return value;
  }

  async times(number) {
    const cells = ["total", "read", "embed", "write"].map(
      async (name) => `${name} ${await this.text(`run-${number}-${name}`)}`,
    );
    return (await Promise.all(cells)).join(", ");
  }

  /** What the page says went wrong. */
  async trouble() {
    await this.tab.until((alert) => document.querySelector(alert)?.querySelector("strong") != null, named("alert"));
    await this.idle();
    return this.text("alert");
  }

  /** The names of the texts that are open. */
  texts() {
    return this.tab.eval(
      (list) => [...document.querySelectorAll(`${list} cite`)].map((cite) => cite.textContent),
      named("texts"),
    );
  }
}

/** `text`, for a regular expression. */
export function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&");
}
