/**
 * Splits a text into the chunks that are embedded: whole paragraphs as long as they fit together, else whole sentences,
 * else whole words. Nothing but white space is lost or changed, and nothing overlaps.
 */

/** The longest chunk, in UTF-16 units: some five sentences, a usual size for retrieval. */
export const MAX_CHUNK_LENGTH = 450;

/** A piece that should stay whole, and what joins it to the piece before it if both land in one chunk. */
interface Piece {
  text: string;
  joint: string;
}

/** The chunks of `text`, in order, none empty and none longer than `maxLength`. */
export function splitIntoChunks(text: string, maxLength: number = MAX_CHUNK_LENGTH): string[] {
  const chunks: string[] = [];
  let chunk = "";
  for (const { text: piece, joint } of pieces(text, maxLength)) {
    if (chunk === "") {
      chunk = piece;
    } else if (chunk.length + joint.length + piece.length <= maxLength) {
      chunk += joint + piece;
    } else {
      chunks.push(chunk);
      chunk = piece;
    }
  }
  if (chunk !== "") chunks.push(chunk);
  return chunks;
}

function* pieces(text: string, maxLength: number): Generator<Piece> {
  for (const paragraph of paragraphs(text)) {
    let joint = "\n\n";
    const sentences = paragraph.length <= maxLength ? [paragraph] : splitSentences(paragraph);
    for (const sentence of sentences) {
      const parts = sentence.length <= maxLength ? [sentence] : splitWords(sentence, maxLength);
      for (const part of parts) {
        yield { text: part, joint };
        joint = " ";
      }
    }
  }
}

/** Paragraphs are set apart by empty lines; the hard line breaks inside one are layout and become spaces. */
function paragraphs(text: string): string[] {
  return text
    .split(/\r?\n[^\S\n]*\r?\n/u)
    .map((paragraph) => paragraph.replace(/\s+/gu, " ").trim())
    .filter((paragraph) => paragraph !== "");
}

/** Abbreviations whose full stop does not end a sentence. */
const ABBREVIATION =
  /(?:^|[\s("'“‘—-])(?:Mr|Mrs|Ms|Messrs|Dr|St|Esq|Rev|Col|Capt|Gen|Lt|No|vol|cf|e\.g|i\.e|[A-Z])\.$/u;

/** A place where one sentence ends and, perhaps, another begins; no white space is needed after CJK stops. */
const SENTENCE_END = /[.!?…]+["'”’)\]_]*\s+|[。！？]+[」』”’]*\s*/gu;

function splitSentences(paragraph: string): string[] {
  const sentences: string[] = [];
  let start = 0;
  for (const match of paragraph.matchAll(SENTENCE_END)) {
    const end = match.index + match[0].length;
    const sentence = paragraph.slice(start, end).trim();
    if (ABBREVIATION.test(sentence)) continue;
    sentences.push(sentence);
    start = end;
  }
  const rest = paragraph.slice(start).trim();
  if (rest !== "") sentences.push(rest);
  return sentences;
}

/** For a sentence longer than a chunk: cut at the last space that fits, or inside a word that alone is too long. */
function splitWords(sentence: string, maxLength: number): string[] {
  const parts: string[] = [];
  let rest = sentence;
  while (rest.length > maxLength) {
    const space = rest.lastIndexOf(" ", maxLength);
    let cut = space > 0 ? space : maxLength;
    // A surrogate pair stays together: half of one is not text, and could not be hashed as UTF-8.
    if (space <= 0 && isHighSurrogate(rest.charCodeAt(cut - 1))) cut -= 1;
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  if (rest !== "") parts.push(rest);
  return parts;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
