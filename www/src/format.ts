/** Numbers in words, the same everywhere on the page. */

const whole = new Intl.NumberFormat("en-US");

/** `1702` as `1,702`. */
export function count(value: number): string {
  return whole.format(value);
}

/** `1702, "chunk"` as `1,702 chunks`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A duration in ms, to three figures or so: more would be noise. */
export function milliseconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} ms`;
  if (value < 10_000) return `${count(Math.round(value))} ms`;
  return `${(value / 1000).toFixed(1)} s`;
}

/** What one of many took, given in ms, in µs: none of them takes long. */
export function microseconds(value: number): string {
  return `${count(Math.round(value * 1000))} µs`;
}

/** Bytes in decimal units, as browsers report storage. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(1)} kB`;
  return `${(value / 1_000_000).toFixed(2)} MB`;
}

/** A share as a percentage, never rounded up to a whole that it is not. */
export function percent(part: number, of: number): string {
  if (of === 0) return "0 %";
  return `${part === of ? 100 : Math.floor((part / of) * 1000) / 10} %`;
}

/** What is said while an endpoint wants to be left alone. */
export function leftAlone(seconds: number): string {
  return `The endpoint asks to be left alone for ${counted(seconds, "second")} …`;
}

/** How many times: `3.4×`. */
export function times(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(1) : count(Math.round(ratio))}×`;
}
