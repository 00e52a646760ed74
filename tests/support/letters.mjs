// A model whose vectors are of letters: texts that begin alike are alike.

export const letters = {
  model: "letters",
  embedDocuments: async (texts) => texts.map(vector),
  embedQuery: async (text) => vector(text),
};

/** The vector of a text. */
export function vector(text) {
  return [text.length, text.charCodeAt(0) || 0, text.charCodeAt(1) || 0, 1];
}

/** Some words. */
export const words = (count) => "word ".repeat(count);

/** A model that does not answer until it is released. */
export function held(model) {
  let [tell, release] = [undefined, undefined];
  const isAsked = new Promise((resolve) => {
    tell = resolve;
  });
  const released = new Promise((resolve) => {
    release = resolve;
  });
  const holding = (method) => async (given) => {
    tell();
    await released;
    return method(given);
  };
  const { embedDocuments, embedQuery } = model;
  return {
    ...model,
    embedDocuments: holding(embedDocuments),
    embedQuery: holding(embedQuery),
    asked: () => isAsked,
    release,
  };
}
