/**
 * Splits a text into the chunks that are embedded: whole paragraphs as long as they fit together, else whole sentences,
 * else whole words. Nothing but white space is lost or changed. Where chunks overlap, each begins with the last words of
 * the one before.
 */

/** The longest chunk unless chosen otherwise, in UTF-16 units: some five sentences, a usual size for retrieval. */
export const CHUNK_SIZE = 450;
/** How much of the chunk before is said again, at most, unless chosen otherwise. */
export const CHUNK_OVERLAP = 50;

/** How a text is split. */
export interface Cut {
  /** The longest chunk, what it repeats included. */
  size: number;
  /** How much of the chunk before it repeats, at most; 0 for nothing. */
  overlap: number;
}

/** A chunk. */
export interface Chunk {
  text: string;
  /** How many of its first units the chunk before ends with; the space behind them is not counted. */
  repeats: number;
}

/** A piece that should stay whole, and what joins it to the piece before it if both land in one chunk. */
interface Piece {
  text: string;
  joint: string;
}

/** The chunks of `text`, in order, none empty and none longer than `size`. */
export function splitIntoChunks(text: string, { size, overlap }: Cut): Chunk[] {
  let before = "";
  return splitWithoutOverlap(text, size - overlap).map((own) => {
    const repeated = lastWords(before, overlap - 1);
    before = own;
    return { text: repeated === "" ? own : `${repeated} ${own}`, repeats: repeated.length };
  });
}

/** The last whole words of `text` that come to at most `length` units. */
function lastWords(text: string, length: number): string {
  if (length <= 0) return "";
  if (text.length <= length) return text;
  const start = text.length - length;
  if (/\s/u.test(text.charAt(start - 1))) return text.slice(start).trim();
  const space = text.slice(start).search(/\s/u);
  return space < 0 ? "" : text.slice(start + space).trim();
}

function splitWithoutOverlap(text: string, maxLength: number): string[] {
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
