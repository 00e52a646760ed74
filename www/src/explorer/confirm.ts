/** Buttons that take back nothing: they act at the second press, and say so after the first. */

/** What such a button does. */
export interface Confirmed {
  /** What it says when the first press asks for a second; `undefined` if there is nothing to do. */
  ask(): string | undefined;
  /** What the second press does. */
  act(): void;
  /** Told what it says now, for those who do not see it. */
  say(text: string): void;
}

/**
 * Makes `button` one: pressed once it asks, pressed again it acts. Escape, or to leave it, takes the first press back.
 */
export function onSecondPress(button: HTMLButtonElement, { ask, act, say }: Confirmed): void {
  const label = button.textContent ?? "";
  let armed = false;
  const disarm = () => {
    if (!armed) return;
    armed = false;
    button.classList.remove("armed");
    button.textContent = label;
  };
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    if (armed) {
      disarm();
      act();
      return;
    }
    const question = ask();
    if (question === undefined) return;
    armed = true;
    button.classList.add("armed");
    button.textContent = question;
    say(`${question}. Escape takes it back.`);
  });
  const takeBack = () => {
    if (armed) say("");
    disarm();
  };
  button.addEventListener("blur", takeBack);
  button.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") takeBack();
  });
  // Safari gives a button that is clicked no focus, so it has none to lose.
  document.addEventListener("pointerdown", ({ target }) => {
    if (!(target instanceof Node && button.contains(target))) takeBack();
  });
}
