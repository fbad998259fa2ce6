import { UserError } from "../formats/error.ts";

/** What multiplies and adds: products a cycle, where they are summed, and whether the blocks' scales are in it. */
export interface Unit {
  elements: number;
  /** "exact": an integer register without loss. */
  accumulator: "exact" | "float32";
  scaled: boolean;
}

/** The largest unit of the field is 64 wide (Darvish Rouhani et al., ISCA 2023); far wider ones take minutes to map. */
export const MAX_ELEMENTS = 128;

export const MAC: Unit = { elements: 1, accumulator: "exact", scaled: false };

/** `mac`, `dot8` … : so many products; `block`: those of the weight's group, with its scales (`block16`: of so many). */
export function parseUnit(text: string, group: number | string, accumulator?: Unit["accumulator"]): Unit {
  const [, kind, digits] = /^(mac|dot|block)(\d*)$/.exec(text) ?? [];
  const wanted = digits ? Number(digits) : null;
  if (kind === undefined || (kind === "mac" && wanted !== null) || (kind === "dot" && wanted === null)) {
    throw new UserError(`unit ${text}: expected mac, dotN, block or blockN, N products a cycle`);
  }
  if (wanted !== null && (wanted < (kind === "dot" ? 2 : 1) || wanted > MAX_ELEMENTS)) {
    throw new UserError(`unit ${text}: a unit has ${kind === "dot" ? 2 : 1} to ${MAX_ELEMENTS} elements`);
  }
  if (kind === "mac") return { ...MAC, accumulator: accumulator ?? "exact" };
  if (kind === "dot") return { elements: wanted!, accumulator: accumulator ?? "exact", scaled: false };
  if (accumulator === "exact")
    throw new UserError(`unit ${text}: scaled sums of blocks are added as float32, not exactly`);
  const elements = wanted ?? (typeof group === "number" ? group : null);
  if (elements === null) throw new UserError(`unit ${text}: a group of a whole ${group} is no block; say blockN`);
  if (typeof group === "number" && group % elements !== 0) {
    throw new UserError(`unit ${text}: ${elements} elements do not divide groups of ${group}`);
  }
  if (elements > MAX_ELEMENTS)
    throw new UserError(`unit ${text}: a group of ${elements}; say blockN, N up to ${MAX_ELEMENTS}`);
  return { elements, accumulator: "float32", scaled: true };
}

/** `mac`, `mac float32`, `dot8`, `block32`. */
export function unitName({ elements, accumulator, scaled }: Unit): string {
  const kind = scaled ? `block${elements}` : elements === 1 ? "mac" : `dot${elements}`;
  return accumulator === "exact" || scaled ? kind : `${kind} float32`;
}
