/** Parts of the page that are loaded when they are wanted. */
import { PageError } from "./errors.ts";

/** What `load` imports; where it is not to be had, that is said in words. To be asked again only where it failed. */
export async function part<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    // What browsers reject an import with.
    if (!(error instanceof TypeError)) throw error;
    const found = await anew<T>(error.message);
    if (found !== undefined) return found;
    throw new PageError(
      "A part of this page could not be loaded.",
      "See that you are online and that this page’s server runs, then try again; if that does not help, reload the page.",
      "not_loaded",
    );
  }
}

/**
 * What could not be imported, under an address that Firefox has not given up yet: it fails at once what failed before. Both
 * browsers name the module in what they say.
 */
async function anew<T>(said: string): Promise<T | undefined> {
  const [url] = /https?:\S+\.js/u.exec(said) ?? [];
  try {
    return url === undefined ? undefined : ((await import(`${url}?${Date.now()}`)) as T);
  } catch {
    return undefined;
  }
}

/**
 * Loads a panel and has it put into its place. `tell` is told what is in the way of that; where the panel was not to be had,
 * it is asked for again when the person presses anything next.
 */
export async function mount<Panel>(
  load: () => Promise<Panel>,
  place: (panel: Panel) => Promise<void>,
  tell: (error: unknown) => void,
): Promise<void> {
  try {
    await place(await part(load));
  } catch (error) {
    tell(error);
    if (!(error instanceof PageError)) return;
    atNextPress(() => {
      tell(undefined);
      void mount(load, place, tell);
    });
  }
}

function atNextPress(work: () => void): void {
  const over = new AbortController();
  const once = () => {
    over.abort();
    work();
  };
  for (const sign of ["pointerdown", "keydown"]) addEventListener(sign, once, { signal: over.signal });
}
