/** Answers of several items with the last one missing: JSON of a pipeline or of an array, RESP2 of either. */

const NEWLINE = 10;

/** Where the RESP2 frame that begins at `at` ends. */
function frameEnd(body, at) {
  const line = body.indexOf(NEWLINE, at) + 1;
  const count = Number(body.latin1Slice(at + 1, line - 2));
  if (body[at] === 0x24) return count < 0 ? line : line + count + 2;
  if (body[at] !== 0x2a) return line;
  let end = line;
  for (let item = 0; item < count; item++) end = frameEnd(body, end);
  return end;
}

/** The frames that lie between two places, by their beginnings. */
function framesBetween(body, from, to) {
  const starts = [];
  for (let at = from; at < to; at = frameEnd(body, at)) starts.push(at);
  return starts;
}

function shortenFrames(body) {
  const frames = framesBetween(body, 0, body.length);
  if (frames.length > 1) return body.subarray(0, frames.at(-1));
  const line = body.indexOf(NEWLINE) + 1;
  const items = body[0] === 0x2a ? framesBetween(body, line, body.length) : [];
  if (items.length === 0) return undefined;
  return Buffer.concat([Buffer.from(`*${items.length - 1}\r\n`), body.subarray(line, items.at(-1))]);
}

function shortenJson(body) {
  let value;
  try {
    value = JSON.parse(body.toString());
  } catch {
    return undefined;
  }
  const items = Array.isArray(value) ? value : value?.result;
  if (!Array.isArray(items) || items.length === 0) return undefined;
  items.pop();
  return Buffer.from(JSON.stringify(value));
}

/** The body without its last item; undefined if it has no items. */
export function shorten(type, body) {
  return type?.startsWith("application/octet-stream") ? shortenFrames(body) : shortenJson(body);
}
