/** What `find.mjs` gives: cold, and warm once anything has added its documents to the same store before. */

const FOUND = {
  found: [
    ["second", "b", 1, 1],
    ["third", "aaabbbb", 7, Math.fround(0.8)],
    ["first", "aaa", 3, 0],
  ],
  filtered: ["third", "first"],
  remembered: { memory: "aaa" },
  isOneLangChain: true,
};
const QUERIES = ["b", "b", "a"];

export const FOUND_COLD = { ...FOUND, asked: ["aaa", "b", "aaabbbb", ...QUERIES] };
export const FOUND_WARM = { ...FOUND, asked: QUERIES };
