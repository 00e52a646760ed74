/** Finds and makes elements. A number is a `<data>` element: its text is for people, its `value` is exact. */

/** The element of the page with this id. */
export function element<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html lacks the ${type.name} #${id}`);
  return found;
}

/** Shows `text` for the number `value` in the `<data>` element with this id. */
export function setData(id: string, value: number, text: string): void {
  const found = element(id, HTMLDataElement);
  found.value = String(value);
  found.textContent = text;
}

/** A new `<data>` element. */
export function data(testId: string, value: number, text: string): HTMLDataElement {
  const created = document.createElement("data");
  created.value = String(value);
  created.textContent = text;
  created.dataset.testid = testId;
  return created;
}

/** A new element that holds `text`. */
export function create<K extends keyof HTMLElementTagNameMap>(tag: K, text: string): HTMLElementTagNameMap[K] {
  const created = document.createElement(tag);
  created.textContent = text;
  return created;
}

/** A new element of a class, that holds `text`. */
export function tagged(tag: "span", className: string, text: string): HTMLElement {
  const created = create(tag, text);
  created.className = className;
  return created;
}

/** Loads a stylesheet of the page that the first look does without; once. */
export function stylesheet(href: string): Promise<void> {
  if (document.querySelector(`link[href="${href}"]`)) return Promise.resolve();
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((resolve) => {
    // Without it the page is plain, and works.
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => resolve());
    document.head.append(link);
  });
}
