/**
 * What the page's server says of itself, in `settings.json` beside the page. As a plain file it names no remote tier; a
 * server that offers one names the URL, relative to the page, under which it passes requests on and adds the token.
 */

/** The remote tier's URL; `undefined` where there is none. */
export async function remoteUrl(): Promise<string | undefined> {
  try {
    const response = await fetch("./settings.json", { cache: "no-store" });
    const settings: unknown = response.ok ? await response.json() : undefined;
    const { remote } = Object(settings) as { remote?: unknown };
    return typeof remote === "string" && remote !== "" ? remote : undefined;
  } catch {
    // No settings, or none that can be read: then the page is by itself.
    return undefined;
  }
}
