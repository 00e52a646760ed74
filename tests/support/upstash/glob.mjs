/** Redis' glob patterns (`*`, `?`, `[a-z]`, `[^a]`, `\x`), over bytes written as latin1 strings. */

const [STAR, ANY] = [Symbol("*"), Symbol("?")];

/**
 * Makes a test of keys out of `pattern`, both latin1 strings; reads odd patterns as Redis does.
 * @param {string} pattern
 * @returns {(key: string) => boolean}
 */
export function glob(pattern) {
  const tokens = tokenize(pattern);
  return (key) => matches(tokens, key);
}

/** What each token accepts: STAR, ANY, the code of one byte, or a table of 256 flags. */
function tokenize(pattern) {
  const tokens = [];
  let at = 0;
  while (at < pattern.length) {
    const char = pattern[at];
    if (char === "*") {
      if (tokens.at(-1) !== STAR) tokens.push(STAR);
      at += 1;
    } else if (char === "?") {
      tokens.push(ANY);
      at += 1;
    } else if (char === "[") {
      const { set, end } = readSet(pattern, at + 1);
      tokens.push(set);
      at = end;
    } else {
      if (char === "\\" && at + 1 < pattern.length) at += 1;
      tokens.push(pattern.charCodeAt(at));
      at += 1;
    }
  }
  return tokens;
}

/** Reads the set that begins after its `[`; one without a `]` reaches to the pattern's end. */
function readSet(pattern, start) {
  const set = new Uint8Array(256);
  let at = start;
  const not = pattern[at] === "^";
  if (not) at += 1;
  while (at < pattern.length && pattern[at] !== "]") {
    if (pattern[at] === "\\" && at + 1 < pattern.length) {
      set[pattern.charCodeAt(at + 1)] = 1;
      at += 2;
    } else if (pattern[at + 1] === "-" && at + 2 < pattern.length) {
      const [first, last] = [pattern.charCodeAt(at), pattern.charCodeAt(at + 2)];
      set.fill(1, Math.min(first, last), Math.max(first, last) + 1);
      at += 3;
    } else {
      set[pattern.charCodeAt(at)] = 1;
      at += 1;
    }
  }
  return { set: not ? set.map((flag) => 1 - flag) : set, end: at + 1 };
}

function accepts(token, code) {
  if (token === ANY) return true;
  return typeof token === "number" ? token === code : token[code] === 1;
}

/** Only the last star can need another try: an earlier one has done its part by matching least. */
function matches(tokens, key) {
  let [token, at, star, retry] = [0, 0, -1, 0];
  while (at < key.length) {
    if (tokens[token] === STAR) {
      star = token++;
      retry = at;
    } else if (token < tokens.length && accepts(tokens[token], key.charCodeAt(at))) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (tokens[token] === STAR) token++;
  return token === tokens.length;
}
