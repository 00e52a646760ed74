/** Whether a secret of the server's has come where it must not: into what passed to the page, or into the page. */
import assert from "node:assert/strict";

/** Keeps what passes to the page for one request: the headers of both, and the answer. */
export function overhear(request, response) {
  const record = { asked: { ...request.headers }, head: {}, body: [] };
  const { writeHead, write, end } = response;
  response.writeHead = (status, headers) => {
    record.head = { ...headers };
    return writeHead.call(response, status, headers);
  };
  response.write = (piece, ...rest) => {
    record.body.push(Buffer.from(piece));
    return write.call(response, piece, ...rest);
  };
  response.end = (piece, ...rest) => {
    if (piece !== undefined && typeof piece !== "function") record.body.push(Buffer.from(piece));
    return end.call(response, piece, ...rest);
  };
  return record;
}

/** Gives what says of a text whether `token` is in it, in one form or another. */
export function teller(token) {
  const forms = [token, encodeURIComponent(token), Buffer.from(token).toString("base64")];
  return (text) => forms.some((form) => text.includes(form));
}

/** Holds what passed, as `overhear` keeps it, against what `tells`. */
export function checkPassed(passed, tells) {
  for (const { asked, head, body } of passed) {
    assert.equal(asked.authorization, undefined);
    assert.ok(!tells(JSON.stringify([asked, head])) && !tells(Buffer.concat(body).toString("latin1")));
  }
}

/** In the page: every text that a script can find there, in objects however deep, in storage, in the document. */
export function everyText() {
  const texts = [document.documentElement.outerHTML, document.cookie, location.href];
  for (const storage of [localStorage, sessionStorage]) texts.push(JSON.stringify({ ...storage }));
  texts.push(JSON.stringify(performance.getEntries()));
  const seen = new Set();
  const todo = [globalThis];
  while (todo.length > 0) {
    const object = todo.pop();
    if (seen.has(object) || seen.size > 200_000) continue;
    seen.add(object);
    for (const key of Reflect.ownKeys(object)) {
      texts.push(String(key));
      // What stands on prototypes are getters for other objects.
      if (key === "prototype") continue;
      const value = object[key];
      if (typeof value === "string") texts.push(value);
      else if (typeof value === "function") texts.push(`${value}`);
      if ((typeof value === "object" && value !== null) || typeof value === "function") todo.push(value);
    }
  }
  return texts;
}
