/** Where the text comes from: the novel that ships with the page, or a file of the person's. */
import { splitIntoChunks } from "./chunks.ts";
import { PageError } from "./errors.ts";
import { sha256 } from "./hash.ts";

/** A text, ready to be embedded. */
export interface SplitText {
  name: string;
  /** SHA-256 of the whole, so that only runs over the same text are compared. */
  id: string;
  characters: number;
  chunks: string[];
}

const SAMPLE = { name: "Pride and Prejudice", url: "./sample/pride-and-prejudice.txt" };

/** Above this the vectors alone come to some hundred megabytes: more than a demonstration should store. */
const MAX_FILE_BYTES = 8_000_000;

/** Fetches and splits the sample. */
export async function loadSample(): Promise<SplitText> {
  let text: string;
  try {
    const response = await fetch(SAMPLE.url);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    text = await response.text();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PageError(
      `The sample text could not be loaded (${reason}).`,
      "See that the server still runs and reload, or choose a text file of your own.",
    );
  }
  return split(SAMPLE.name, text);
}

/** Reads and splits a file; refuses what is not text. */
export async function loadFile(file: File): Promise<SplitText> {
  if (file.size > MAX_FILE_BYTES) {
    throw new PageError(
      `“${file.name}” is larger than ${MAX_FILE_BYTES / 1_000_000} MB.`,
      "Choose a shorter text: a novel is about 1 MB.",
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    // What a dropped folder does, and a file that is gone by now.
    throw new PageError(`“${file.name}” could not be read.`, "Choose a single text file, not a folder.");
  }
  return split(file.name, decode(file.name, bytes));
}

async function split(name: string, text: string): Promise<SplitText> {
  const chunks = splitIntoChunks(text);
  if (chunks.length === 0) {
    throw new PageError(`“${name}” has no text in it.`, "Choose a file with words in it.");
  }
  return { name, id: await sha256(text), characters: text.length, chunks };
}

function decode(name: string, bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw notText(name);
  }
  // Some binary files are valid UTF-8; what gives them away is control characters that are no white space, NUL above all.
  if (/(?![\s\u0085])\p{Cc}/u.test(text)) throw notText(name);
  return text;
}

function notText(name: string): PageError {
  return new PageError(
    `“${name}” is not a text file.`,
    "Choose plain text in UTF-8, such as .txt or .md. From a word processor or a PDF, save or export as plain text first.",
  );
}
