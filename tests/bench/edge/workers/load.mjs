/** What the Workers that do something do: one mset and one mget, of ten small vectors. */

const [KEYS, BYTES] = [10, 1536];

/** @param {Uint8Array} bytes */
export const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

/** @param {string} text */
export function unbase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * A Worker that writes and reads in each request, by a handle made in the first.
 *
 * @param {(place: { url: string, token: string }) => { mset: Function, mget: Function }} open
 */
export function worker(open) {
  let handle;
  return {
    async fetch(_, { URL: url, TOKEN: token }) {
      handle ??= open({ url, token });
      const values = Array.from({ length: KEYS }, () => crypto.getRandomValues(new Uint8Array(BYTES)));
      const keys = values.map((_, i) => `vector ${i}`);
      await handle.mset(keys.map((key, i) => [key, values[i]]));
      const read = await handle.mget(keys);
      const right = values.every((value, i) => value.every((byte, at) => byte === read[i][at]));
      return right ? new Response("done") : new Response("what was read is not what was written", { status: 500 });
    },
  };
}
