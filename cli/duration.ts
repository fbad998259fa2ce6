import { UsageError } from "./options.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `90s`, `30m`, `2h` or `1d`. Throws UsageError naming `where`. */
export function secondsOf(text: string, where: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const seconds = Number(number) * UNITS[unit ?? "s"]!;
  if (!(seconds > 0)) throw new UsageError(`${where} takes a time such as 90s, 30m or 2h, not "${text}"`);
  return seconds;
}
