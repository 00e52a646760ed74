/** What `embed.mjs` gives: cold, and warm once anything has embedded over the same store before. */

/** f32 is what is kept unless told otherwise, and what the cold call gives too. */
const TENTH = Math.fround(0.1);
const VECTORS = [
  [1, TENTH],
  [2, TENTH],
  [1, TENTH],
  [TENTH, 1],
];

export const COLD = { vectors: VECTORS, asked: [["a", "bb"], "a"], stats: [0, 3, 1], isOneLangChain: true };
export const WARM = { vectors: VECTORS, asked: [], stats: [3, 0, 1], isOneLangChain: true };
