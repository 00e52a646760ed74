/** SHA-256, by the browser. */
import { PageError } from "./errors.ts";

const encoder = new TextEncoder();

/** The SHA-256 of `text` as UTF-8, in hexadecimal. */
export async function sha256(text: string): Promise<string> {
  // Only secure origins have it: https, and 127.0.0.1.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle === undefined) {
    throw new PageError(
      "This page is not on a secure origin, so the browser gives it no SHA-256.",
      "Open it by https, or on this machine by http://127.0.0.1.",
    );
  }
  const digest = new Uint8Array(await subtle.digest("SHA-256", encoder.encode(text)));
  let hex = "";
  for (const byte of digest) hex += (byte + 0x100).toString(16).slice(1);
  return hex;
}
