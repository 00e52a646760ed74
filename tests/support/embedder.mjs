/** An embeddings provider that counts: the same text gives the same vector, and every call is seen. */

/** Structurally LangChain's `EmbeddingsInterface`, so that one file serves Node and a page without LangChain. */
export class CountingEmbeddings {
  /** The texts of each call. */
  calls = [];

  async embedDocuments(texts) {
    this.calls.push([...texts]);
    return texts.map(vector);
  }

  async embedQuery(text) {
    return vector(text);
  }
}

/** 64 numbers that depend on the whole text, some of which JSON has to round-trip with all their digits. */
function vector(text) {
  let state = 2_166_136_261;
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 16_777_619);
  return Array.from({ length: 64 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31 / 3;
  });
}

/** `count` different texts, some of them not ASCII. */
export function texts(count) {
  return Array.from({ length: count }, (_, at) => `Text no. ${at}: ${"äöü 😀 ".repeat(at % 3)}${"x".repeat(at % 50)}`);
}
