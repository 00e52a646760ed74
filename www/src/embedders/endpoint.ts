/** An endpoint that speaks OpenAI's protocol of embeddings, asked with the person's own key. */
import { PageError } from "../errors.ts";
import { failedAnswer, sentElsewhere, unanswered } from "./endpoint_errors.ts";
import type { Asking, PageEmbedder } from "./model.ts";

/** What the person says of the endpoint. The key stands here and in its field, and nowhere else. */
export interface EndpointSettings {
  /** As `https://api.example.com/v1`. */
  baseUrl: string;
  model: string;
  /** How many numbers to ask for; `undefined` leaves it to the model. */
  dimensions: number | undefined;
  key: string;
}

/** How often a batch is asked for when the endpoint is busy. */
const ATTEMPTS = 5;
/** Nobody waits for longer than this between two attempts, in ms. */
const LONGEST_WAIT = 60_000;

/** The embedder. A batch is one request. */
export class EndpointEmbedder implements PageEmbedder {
  readonly label = "OpenAI-compatible endpoint";
  readonly model: string;
  readonly dimensions: number | undefined;
  readonly concurrency = 4;
  readonly #url: URL;
  readonly #name: string;
  readonly #key: string;

  /** @throws `PageError` for settings that cannot be right. */
  constructor({ baseUrl, model, dimensions, key }: EndpointSettings) {
    this.#url = embeddingsUrl(baseUrl);
    if (model === "")
      throw new PageError("The endpoint’s model is missing.", "Enter its name, as the endpoint has it.");
    // What no header may hold, and what is pasted along by mistake.
    if (!/^[\x21-\x7e]*$/u.test(key)) {
      throw new PageError("The key has spaces or letters in it that no key has.", "Paste it again, the key alone.");
    }
    this.#name = model;
    this.#key = key;
    // The URL has no fragment: what stands behind the # is the dimensions.
    this.model = `${this.#url.href}${dimensions === undefined ? "" : `#${dimensions}`} ${model}`;
    this.dimensions = dimensions;
  }

  async embedQuery(text: string, asking?: Asking): Promise<number[]> {
    const [vector] = await this.embedDocuments([text], asking);
    return vector ?? [];
  }

  async embedDocuments(texts: readonly string[], asking: Asking = {}): Promise<number[][]> {
    const { dimensions } = this;
    const body = JSON.stringify({
      model: this.#name,
      input: texts,
      encoding_format: "float",
      ...(dimensions !== undefined && { dimensions }),
    });
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.#ask(body, asking.signal);
      if (response.type === "opaqueredirect") throw sentElsewhere(this.#url.host);
      if (response.ok) return vectorsOf(await answerOf(response, this.#url.host), texts.length, this.#url.host);
      const again = response.status === 429 || response.status >= 500;
      const failure = await failedAnswer(response, this.#url.host);
      if (!again || failure.isFinal || attempt === ATTEMPTS) throw failure.error;
      await wait(waitOf(response, attempt), asking);
    }
  }

  async #ask(body: string, signal: AbortSignal | undefined): Promise<Response> {
    const headers = {
      "content-type": "application/json",
      ...(this.#key !== "" && { authorization: `Bearer ${this.#key}` }),
    };
    try {
      return await fetch(this.#url, {
        method: "POST",
        headers,
        body,
        credentials: "omit",
        referrerPolicy: "no-referrer",
        // Texts and key go to the URL that the person entered, and nowhere else.
        redirect: "manual",
        signal: signal ?? null,
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw await unanswered(error, this.#url);
    }
  }
}

async function wait(ms: number, { signal, onWait }: Asking): Promise<void> {
  onWait?.(Math.ceil(ms / 1000));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    }
    signal?.addEventListener("abort", done);
  });
}

function embeddingsUrl(baseUrl: string): URL {
  const advice = "Enter where its API begins, such as https://api.openai.com/v1.";
  if (baseUrl === "") throw new PageError("The endpoint’s base URL is missing.", advice);
  let url: URL;
  try {
    url = new URL(`${baseUrl.replace(/\/+$/u, "")}/embeddings`, document.baseURI);
  } catch {
    throw new PageError("The endpoint’s base URL is no URL.", advice);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new PageError("The endpoint’s base URL has more than a path in it.", `${advice} The key has its own field.`);
  }
  if (url.protocol !== "https:" && url.origin !== location.origin) {
    throw new PageError(
      "This page’s policy lets it ask no endpoint without https.",
      "Enter a base URL that begins with https://. A model on this machine can be had through the page’s own server.",
    );
  }
  return url;
}

/** How long to wait before the next attempt, in ms: as the endpoint says, or twice as long each time. */
function waitOf(response: Response, attempt: number): number {
  const said = response.headers.get("retry-after") ?? "";
  const seconds = /^\d+(?:\.\d+)?$/u.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  const wanted = Number.isFinite(seconds) ? Math.max(0, seconds) : 2 ** (attempt - 1);
  return Math.min(wanted * 1000, LONGEST_WAIT);
}

async function answerOf(response: Response, host: string): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw noEmbeddings(host);
  }
}

/** The vectors of an answer, in the order of the texts. */
function vectorsOf(answer: unknown, count: number, host: string): number[][] {
  const { data } = Object(answer) as { data?: unknown };
  if (!Array.isArray(data)) throw noEmbeddings(host);
  const vectors = new Array<number[]>(count);
  for (const [at, item] of data.entries()) {
    const { index = at, embedding } = Object(item) as { index?: unknown; embedding?: unknown };
    if (typeof index !== "number" || !isVector(embedding)) throw noEmbeddings(host);
    vectors[index] = embedding;
  }
  if (vectors.length !== count || vectors.includes(undefined as unknown as number[])) throw noEmbeddings(host);
  return vectors;
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "number");
}

function noEmbeddings(host: string): PageError {
  return new PageError(
    `${host} answered, but not with embeddings.`,
    "See that the base URL is that of an OpenAI-compatible API (it often ends in /v1), and that the model embeds.",
  );
}
