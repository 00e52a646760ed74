/** A strict server of a test's own. */

import { startServer } from "./server.mjs";

/** A database of a server of its own: `call` for one command, `send` for anything; closed after the test. */
export async function fresh(context, options) {
  const server = await startServer(options);
  context.after(() => server.close());
  const send = async (path, { method = "POST", headers = {}, body } = {}) => {
    const response = await fetch(server.url + path, {
      method,
      headers: { authorization: `Bearer ${server.token}`, ...headers },
      body: body === undefined || typeof body === "string" || ArrayBuffer.isView(body) ? body : JSON.stringify(body),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
  };
  const call = async (command, headers, path = "/") => {
    const { status, text } = await send(path, { body: command, headers });
    return [status, JSON.parse(text)];
  };
  return { server, send, call, raw: async (body, headers) => (await send("/", { body, headers })).bytes };
}
