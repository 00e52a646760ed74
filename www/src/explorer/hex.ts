/** Bytes for people: their place, in hexadecimal, and as the text that they may be. */

const PER_LINE = 16;

/** The first `most` of `bytes`, sixteen a line. */
export function hexLines(bytes: Uint8Array, most: number): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, most); at += PER_LINE) {
    const line = bytes.subarray(at, Math.min(at + PER_LINE, most));
    const numbers = Array.from(line, (byte) => hex(byte, 2));
    const left = numbers.slice(0, PER_LINE / 2).join(" ");
    const right = numbers.slice(PER_LINE / 2).join(" ");
    lines.push(`${hex(at, 4)}  ${left.padEnd(23)}  ${right.padEnd(23)}  ${Array.from(line, letter).join("")}`);
  }
  return lines.join("\n");
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, "0");
}

/** ASCII where it can be seen, else a dot. */
function letter(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}
