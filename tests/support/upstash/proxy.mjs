/** A way to an Upstash-like server from under a page's own origin: it adds the token, which the page does not hold. */

import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { pipeline } from "node:stream";

/** Of one connection, not of the message. */
const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authorization"];

function without(headers, names) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

/**
 * Makes `handler(request, response, path)`, which passes a request on to `target` + `path` and its answer back, both as
 * streams. A target out of reach is answered with 502.
 * @param {string} target
 * @param {{ token: string }} options
 */
export function forward(target, { token }) {
  const base = target.replace(/\/+$/, "");
  const send = base.startsWith("https:") ? httpsRequest : httpRequest;
  return (request, response, path = request.url) => {
    const url = new URL(base + (path.startsWith("/") ? path : `/${path}`));
    const headers = without(request.headers, [...HOP_BY_HOP, "host", "origin", "referer", "cookie"]);
    const passed = send(url, { method: request.method, headers: { ...headers, authorization: `Bearer ${token}` } });
    passed.on("response", (answer) => {
      response.writeHead(answer.statusCode, without(answer.headers, HOP_BY_HOP));
      pipeline(answer, response, () => {}); // either side may leave: the other one is ended with it
    });
    passed.on("error", () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { "content-type": "text/plain" }).end("the server behind is out of reach");
    });
    response.on("close", () => passed.destroy());
    request.on("error", () => passed.destroy()).pipe(passed);
  };
}
