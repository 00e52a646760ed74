/** What is called how, apart from what it is: the report needs the names where nothing of this is measured. */

export const CACHE = "LangChain cache";
export const STORE = "LangChain store";
export const SDK = "@upstash/redis";
/** The same with `responseEncoding: false`; by default replies come in base64. */
export const SDK_PLAIN = `${SDK}, plain replies`;

export const TITLES = {
  cache: "Upstash, embeddings cache",
  vectors: "Upstash, vectors",
  texts: "Upstash, texts",
};

/** One value of 7 MiB, by what it is. */
export const LARGE = {
  bytes: "Upstash, 7 MiB of bytes",
  text: "Upstash, 7 MiB of text",
  native: "Upstash, 7 MiB of a native client's bytes",
};

/** What numbers are like in the caches that are only counted; in what is timed they are f32. */
export const FORMS = { f64: "doubles as printed", short: "shortest decimals of f32" };

/** The group of rows that holds a comparison's wall times, and the client's CPU times, at a latency in ms. */
export const groups = {
  wall: (title, latency) => `${title}, wall at ${latency} ms`,
  cpu: (title, latency) => `${title}, client CPU at ${latency} ms`,
};
