/** What a person does with the search, by the hands of hands.mjs. */
import assert from "node:assert/strict";

/** A person at the search of the page that `driver` has open. */
export class Seeker {
  #driver;

  constructor(driver) {
    this.#driver = driver;
  }

  /** Has the panels come, which wait for the person's first press. No key that moves the focus. */
  async arrive() {
    await this.#driver.tab.press("Shift");
    await this.#driver.tab.until(() => document.querySelector("#search-form, #alert strong"));
  }

  /** Types a question and presses Enter. */
  async ask(question) {
    const { tab } = this.#driver;
    await tab.focus("#search-query");
    await tab.eval(() => document.querySelector("#search-query").select());
    await tab.page.keyboard.type(question);
    await tab.press("Enter");
  }

  /** Asks, and gives what is found: of each chunk its text and score. */
  async find(question) {
    await this.ask(question);
    return this.found(question);
  }

  /** What is found for `question`, once it is. */
  async found(question) {
    await this.says(/^(?:[\d,]+ chunks?|Nothing) found in/u);
    const heading = await this.#driver.tab.eval(() => document.querySelector("#search-found").textContent);
    assert.ok(heading.includes(`“${question}”`), heading);
    return this.#driver.tab.eval(() =>
      [...document.querySelectorAll("#search-results li")].map((item) => ({
        file: item.querySelector("cite").textContent,
        text: item.querySelector("blockquote").textContent,
        score: Number(item.querySelector("data").value),
      })),
    );
  }

  /** Waits until the search says so. */
  async says(pattern) {
    const told = { source: pattern.source, flags: pattern.flags };
    const look = ({ source, flags }) =>
      new RegExp(source, flags).test(document.querySelector("#search-status").textContent);
    try {
      await this.#driver.tab.until(look, told);
    } catch (error) {
      const said = await this.#driver.tab.eval(() =>
        ["#search-status", "#search-alert"].map((id) => document.querySelector(id).textContent).join(" / "),
      );
      throw new Error(`the search says “${said}”, not ${pattern}`, { cause: error });
    }
  }

  /** What the search says went wrong. */
  trouble() {
    return this.#driver.tab.until(() => document.querySelector("#search-alert strong")?.parentElement.textContent);
  }

  /** How many chunks the last search added to the index. */
  added() {
    return this.#driver.tab.eval(() => Number(document.querySelector("#search-added").value));
  }

  /** Presses the button that stops it, which must be there. */
  async stop() {
    await this.#driver.tab.until(() => document.querySelector("#search-stop")?.checkVisibility());
    await this.#driver.tab.click("#search-stop");
  }
}
