/** SPDX expressions, as crates and npm packages state their licences. */

/**
 * Those of the licences in `expression` that must be accepted, if `allowed` ones are taken wherever there is a choice.
 * Empty where `allowed` is enough.
 * @param {string} expression `(MIT OR Apache-2.0) AND ISC`; crates of old write `MIT/Apache-2.0`
 * @param {string[]} allowed
 * @returns {string[]}
 */
export function lacking(expression, allowed) {
  const tokens = expression.replaceAll("/", " OR ").match(/[()]|[^\s()]+/gu) ?? [];
  let at = 0;
  const alternatives = () => {
    let least = conjunction();
    while (tokens[at] === "OR") {
      at++;
      const other = conjunction();
      if (other.length < least.length) least = other;
    }
    return least;
  };
  const conjunction = () => {
    const all = one();
    while (tokens[at] === "AND") {
      at++;
      all.push(...one());
    }
    return all;
  };
  const one = () => {
    const token = tokens[at++];
    if (token === "(") {
      const inner = alternatives();
      if (tokens[at++] !== ")") throw new Error(`no licence expression: ${expression}`);
      return inner;
    }
    if (token === undefined || /^(?:\)|OR|AND|WITH)$/u.test(token))
      throw new Error(`no licence expression: ${expression}`);
    let name = token;
    if (tokens[at] === "WITH") {
      // With an exception it is another licence, to be allowed by its whole name.
      name = `${token} WITH ${tokens[at + 1]}`;
      at += 2;
    }
    return allowed.includes(name) ? [] : [name];
  };
  const result = alternatives();
  if (at !== tokens.length) throw new Error(`no licence expression: ${expression}`);
  return [...new Set(result)].sort();
}
