import type { StaticRange } from "../model/architectures/runningFormats.ts";

const STATIC = /^([^@]+)@static(-mse)?((?::.*)?)$/i;

/**
 * Reads an activation setting such as `int8@static` or `int8@static-mse:fp32`: the format of one scale for all tokens, and
 * how its range is found; null for settings whose scales follow the tokens.
 */
export function staticSetting(setting: string): { format: string; range: StaticRange } | null {
  const parts = STATIC.exec(setting.trim());
  return parts && { format: `${parts[1]}@tensor${parts[3]}`, range: parts[2] ? "mse" : "absmax" };
}

/** The setting of a format `…@tensor` and a range. */
export function staticId(format: string, range: StaticRange): string {
  return format.replace("@tensor", range === "mse" ? "@static-mse" : "@static");
}

const TOKEN = /^([^@]+)@token((?::.*)?)$/i;

/** Reads a cache setting such as `int8@token`, the heads of a token together: the format of one scale; null for others. */
export function tokenSetting(setting: string): string | null {
  const parts = TOKEN.exec(setting.trim());
  return parts && `${parts[1]}@row${parts[2]}`;
}

/** The setting of a format `…@row` for the heads of a token together. */
export function tokenId(format: string): string {
  return format.replace("@row", "@token");
}
