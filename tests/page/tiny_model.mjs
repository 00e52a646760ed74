/**
 * A model of sentences for Transformers.js that is as small as can be: a token's number, times four weights, is its vector.
 * Its files are those that a model has on huggingface.co, made here by hand.
 */

const WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "line", "or", "two", "."];
const WEIGHTS = [1, -0.5, 0.25, 2];

/** What a text's vector must be: the mean over its tokens, scaled to length 1. All of it points one way. */
export function tinyVector() {
  const length = Math.hypot(...WEIGHTS);
  return WEIGHTS.map((weight) => weight / length);
}

/** @returns {Record<string, string | Buffer>} The files by their paths below the model. */
export function tinyModel() {
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [0, 1, 2, 3].map((id) => ({ id, content: WORDS[id], special: true, normalized: false })),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
    },
  };
  return {
    "config.json": JSON.stringify({ model_type: "bert", architectures: ["BertModel"], hidden_size: WEIGHTS.length }),
    "tokenizer.json": JSON.stringify(tokenizer),
    "tokenizer_config.json": JSON.stringify({
      tokenizer_class: "BertTokenizer",
      model_max_length: 128,
      pad_token: "[PAD]",
      unk_token: "[UNK]",
    }),
    "onnx/model_quantized.onnx": onnx(),
  };
}

const INT64 = 7;
const FLOAT = 1;

/** The graph: Cast, Unsqueeze, MatMul, in ONNX's protobuf. */
function onnx() {
  const tensor = (name, type, dims, raw) => message([...dims.map((dim) => [1, dim]), [2, type], [8, name], [9, raw]]);
  const value = (name, type, dims) => {
    const shape = message(dims.map((dim) => [1, message([typeof dim === "number" ? [1, dim] : [2, dim]])]));
    const tensorType = message([
      [1, type],
      [2, shape],
    ]);
    return message([
      [1, name],
      [2, message([[1, tensorType]])],
    ]);
  };
  const node = (operation, inputs, output, attributes = []) =>
    message([
      ...inputs.map((input) => [1, input]),
      [2, output],
      [4, operation],
      ...attributes.map((attribute) => [5, attribute]),
    ]);
  const toFloat = message([
    [1, "to"],
    [3, FLOAT],
    [20, 2],
  ]);
  const axes = Buffer.alloc(8);
  axes.writeBigInt64LE(2n);
  const graph = message([
    [1, node("Cast", ["input_ids"], "numbers", [toFloat])],
    [1, node("Unsqueeze", ["numbers", "axes"], "column")],
    [1, node("MatMul", ["column", "weights"], "last_hidden_state")],
    [2, "tiny"],
    [5, tensor("axes", INT64, [1], axes)],
    [5, tensor("weights", FLOAT, [1, WEIGHTS.length], Buffer.from(Float32Array.from(WEIGHTS).buffer))],
    [11, value("input_ids", INT64, ["batch", "tokens"])],
    [11, value("attention_mask", INT64, ["batch", "tokens"])],
    [12, value("last_hidden_state", FLOAT, ["batch", "tokens", WEIGHTS.length])],
  ]);
  return message([
    [1, 8],
    [
      8,
      message([
        [1, ""],
        [2, 13],
      ]),
    ],
    [7, graph],
  ]);
}

/** A protobuf message of fields, each a number with a whole number, a text or bytes. */
function message(fields) {
  return Buffer.concat(
    fields.flatMap(([field, content]) => {
      if (typeof content === "number") return [varint(field << 3), varint(content)];
      const bytes = Buffer.from(content);
      return [varint((field << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

function varint(number) {
  const bytes = [];
  for (let rest = number; ; rest >>>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}
