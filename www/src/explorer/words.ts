/** Times in words, as coarse as people speak of them. */
import * as format from "../format.ts";

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** How long, in seconds: `3 hours`. */
export function duration(seconds: number): string {
  const [name, length] = UNITS.find((unit) => seconds >= unit[1]) ?? UNITS[3];
  return format.counted(Math.floor(seconds / length), name);
}

/** How long ago, in ms since 1970. */
export function age(written: number | undefined, now: number): string {
  if (written === undefined) return "not known";
  const seconds = (now - written) / 1000;
  return seconds < 1 ? "just now" : duration(seconds);
}

/** For how long still. */
export function life(expires: number | null, now: number): string {
  return expires === null ? "for ever" : duration(Math.max(0, expires - now) / 1000);
}

/** So many entries. */
export function entries(many: number): string {
  return `${format.count(many)} ${many === 1 ? "entry" : "entries"}`;
}

/** Bytes, up to what a whole disk has. */
export function size(bytes: number): string {
  return bytes < 1e9 ? format.bytes(bytes) : `${(bytes / 1e9).toFixed(1)} GB`;
}
