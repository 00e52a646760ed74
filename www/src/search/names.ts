/**
 * Where the search keeps what it needs: in the same store as the vectors, under keys that begin with `search/`.
 *
 * | key | what |
 * |---|---|
 * | `search/<model>/files` | which files are in the index of a model, as JSON |
 * | `search/<model>/index/…` | that index |
 */

/** What all keys of the search begin with; those of vectors do not. */
export const SEARCH_PREFIX = "search/";

/** Whether `key` is one of the search's. */
export function isOfSearch(key: string): boolean {
  return key.startsWith(SEARCH_PREFIX);
}

/** What the keys of a model's index begin with, and its name among indexes. */
export function indexOf(model: string): string {
  return `${SEARCH_PREFIX}${encodeURIComponent(model)}/index`;
}

/** The key under which stands what is in a model's index. */
export function filesOf(model: string): string {
  return `${SEARCH_PREFIX}${encodeURIComponent(model)}/files`;
}

/**
 * What must go with `keys` when they are deleted: an index that lacks a part is no index, and without its list of files it
 * is made anew.
 */
export function listsBeside(keys: readonly string[]): string[] {
  const lists = new Set<string>();
  for (const key of keys) {
    const model = isOfSearch(key) ? key.split("/", 2)[1] : undefined;
    if (model !== undefined) lists.add(`${SEARCH_PREFIX}${model}/files`);
  }
  return [...lists];
}
