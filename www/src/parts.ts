/** What the panels are put together with: their markup, and how they say what failed. */
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
    line.append(create("code", code));
    parts.push(line);
  }
  alert.replaceChildren(...parts);
}

/** Says whether something is under way: what can be pressed then says so, and keeps the keyboard's focus. */
export function showBusy(buttons: Iterable<HTMLElement>, busy: boolean): void {
  for (const button of buttons) button.setAttribute("aria-disabled", String(busy));
}
