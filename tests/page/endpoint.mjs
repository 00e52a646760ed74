/** An endpoint of OpenAI's protocol, on an origin of its own behind https, that fails as real ones do. */
import { createServer } from "node:https";
import { newCertificate } from "./certificate.mjs";

/** The only key that it takes. */
export const KEY = "sk-test-0123456789abcdef0123456789abcdef";
export const MODEL = "tiny-embedder";

const DIMENSIONS = 8;

/** The vector of a text: enough to tell texts apart. */
export function vectorOf(text, dimensions = DIMENSIONS) {
  return Array.from({ length: dimensions }, (_, at) => (text.charCodeAt((at * 7) % text.length) + at) / 1024);
}

/**
 * Starts it. `requests` are those that it was sent, preflights aside; `behave` says how it answers: `cors: false` sends
 * no headers of CORS, `dimensions` is how many numbers it gives unless asked for others, `script` is a list of answers for
 * the next requests, each `{ status, headers, answer }` or a function that is given the response and what does as usual.
 */
export async function startEndpoint() {
  const endpoint = { requests: [], cors: true, script: [], dimensions: DIMENSIONS, url: "", close: () => {} };
  const server = createServer(await newCertificate(), async (request, response) => {
    if (endpoint.cors) {
      response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
      response.setHeader("access-control-allow-headers", "authorization, content-type");
      response.setHeader("access-control-expose-headers", "retry-after");
    }
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
    endpoint.requests.push({ path: request.url, headers: request.headers, body });
    const scripted = endpoint.script.shift();
    const send = ({ status, headers, answer }) =>
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(answer));
    const asUsual = () => send(usual(request, body, endpoint.dimensions));
    if (typeof scripted === "function") return scripted(response, asUsual);
    if (scripted) send(scripted);
    else asUsual();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint.url = `https://127.0.0.1:${server.address().port}/v1`;
  endpoint.close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return endpoint;
}

function usual({ url, headers }, body, usualDimensions) {
  if (url !== "/v1/embeddings") return failing(404, "not_found");
  if (headers.authorization !== `Bearer ${KEY}`) {
    // As real ones do: a part of the key is said back.
    return failing(401, "invalid_api_key", `Incorrect API key provided: ${headers.authorization}`);
  }
  if (body.model !== MODEL) return failing(404, "model_not_found");
  const data = body.input.map((text, index) => ({
    index,
    embedding: vectorOf(text, body.dimensions ?? usualDimensions),
  }));
  // In another order than the texts: what counts is the index.
  return { status: 200, answer: { object: "list", data: data.reverse(), model: MODEL } };
}

/** An answer that is an error. */
export function failing(status, code, message = code, headers = {}) {
  return { status, headers, answer: { error: { code, message } } };
}

/** An answer that is held back: `release()` gives it after all, `isLeft` says that nobody waits for it any more. */
export function held() {
  const hold = { isAsked: false, isLeft: false, release: () => {} };
  hold.answer = (response, asUsual) => {
    hold.isAsked = true;
    hold.release = asUsual;
    response.on("close", () => {
      hold.isLeft = !response.writableEnded;
    });
  };
  return hold;
}
