/** What the page and its panels are put together with: markup, and how they say what failed and what is under way. */
import { create } from "./dom.ts";
import { describe } from "./errors.ts";

/** Puts a panel's own markup at the end of `root`. It is the page's, and holds nothing of anybody else's. */
export function place(root: HTMLElement, markup: string): void {
  const template = document.createElement("template");
  template.innerHTML = markup;
  root.append(template.content);
}

/** Shows in `alert` what failed and what to do; `undefined` takes it away. */
export function showTrouble(alert: HTMLElement, error: unknown): void {
  if (error === undefined) {
    alert.replaceChildren();
    return;
  }
  const { what, advice, code } = describe(error);
  const parts = [create("strong", what), create("p", advice)];
  if (code !== undefined) {
    const line = create("p", "Error code: ");
    line.className = "fine";
    const named = create("code", code);
    named.dataset.testid = "error-code";
    line.append(named);
    parts.push(line);
  }
  alert.replaceChildren(...parts);
}

/** Says whether something is under way: what can be pressed then says so, and keeps the keyboard's focus. */
export function showBusy(buttons: Iterable<HTMLElement>, busy: boolean): void {
  for (const button of buttons) button.setAttribute("aria-disabled", String(busy));
}

/** Has a choice of files say the same: pressed meanwhile it opens nothing. */
export function guardFiles(input: HTMLInputElement): void {
  input.addEventListener("click", (event) => {
    if (input.getAttribute("aria-disabled") === "true") event.preventDefault();
  });
}
