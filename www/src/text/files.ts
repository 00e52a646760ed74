/** Where texts come from: the novel that ships with the page, and files of the person's. */
import { PageError } from "../errors.ts";

/** A text that is open on the page. */
export interface PageText {
  /** A file's name, or the novel's title; no two texts of the page have one. */
  name: string;
  text: string;
}

/** The novel's title. */
export const SAMPLE_NAME = "Pride and Prejudice";
const SAMPLE_URL = "./sample/pride-and-prejudice.txt";

/** Above this the vectors alone come to some hundred megabytes: more than a demonstration should store. */
const MAX_FILE_BYTES = 8_000_000;

/** Fetches the sample. */
export async function loadSample(): Promise<PageText> {
  try {
    const response = await fetch(SAMPLE_URL);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return { name: SAMPLE_NAME, text: await response.text() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PageError(
      `The sample text could not be loaded (${reason}).`,
      "See that the server still runs and reload, or choose a text file of your own.",
    );
  }
}

/** Reads a file; refuses what is not text. */
export async function loadFile(file: File): Promise<PageText> {
  const { name } = file;
  if (file.size > MAX_FILE_BYTES) {
    throw new PageError(
      `“${name}” is larger than ${MAX_FILE_BYTES / 1_000_000} MB.`,
      "Choose a shorter text: a novel is about 1 MB.",
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    // What a dropped folder does, and a file that is gone by now.
    throw new PageError(`“${name}” could not be read.`, "Choose text files, not a folder.");
  }
  const text = decode(name, bytes);
  if (text.trim() === "") throw new PageError(`“${name}” has no text in it.`, "Choose a file with words in it.");
  return { name, text };
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
