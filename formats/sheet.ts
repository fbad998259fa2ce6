import { bitsPerWeight } from "./blocking.ts";
import { hasEqualEnds } from "./element.ts";
import { type Group, groupId, parseFormat } from "./format.ts";
import { scaleRules } from "./scaleRules.ts";
import { scaleStores } from "./scaleStores.ts";

/** All there is to know of a format, as plain data for `bitfrontier formats ID --json`. */
export interface FormatSheet {
  id: string;
  element: string;
  aliases: readonly string[];
  label: string;
  family: string;
  bits: number;
  /** Code order: the bit pattern and its value, null where reserved. `-0` is kept apart from 0 by `negativeZero`. */
  codes: { code: string; value: number | null; negativeZero: boolean }[];
  /** Distinct values, ascending. */
  values: readonly number[];
  /** Decision thresholds between neighbouring values. */
  thresholds: number[];
  range: { min: number; max: number; smallestMagnitude: number };
  hasZero: boolean;
  /** Whether −v is a value for every value v. */
  symmetric: boolean;
  tie: string;
  group: Group;
  scaleRule: string;
  scaleRuleSummary: string;
  scaleStore: string;
  scaleBits: number;
  /** For rows that the group divides; null for a scale per row or tensor, where it depends on the shape. */
  bitsPerWeight: number | null;
  source: string;
  quirks: readonly string[];
}

/** The sheet of a format or element id. Throws UserError for an unknown id, naming the nearest. */
export function formatSheet(id: string): FormatSheet {
  const format = parseFormat(id);
  const { element, group, rule, store, tie } = format;
  const { values, bits } = element;
  return {
    id: format.id,
    element: element.id,
    aliases: element.aliases,
    label: element.label,
    family: element.family,
    bits,
    codes: element.codes.map((value, code) => ({
      code: code.toString(2).padStart(bits, "0"),
      value: value === null ? null : value + 0,
      negativeZero: Object.is(value, -0),
    })),
    values,
    thresholds: values.slice(1).map((value, i) => (value + values[i]!) / 2),
    range: {
      min: values[0]!,
      max: values.at(-1)!,
      smallestMagnitude: Math.min(...values.filter((value) => value !== 0).map(Math.abs)),
    },
    hasZero: values.includes(0),
    symmetric: hasEqualEnds(element) && values.every((value) => values.includes(-value + 0)),
    tie,
    group,
    scaleRule: rule,
    scaleRuleSummary: scaleRules[rule].summary,
    scaleStore: store,
    scaleBits: scaleStores[store].bits,
    bitsPerWeight: typeof group === "number" ? bitsPerWeight(format, group) : null,
    source: element.source,
    quirks: element.quirks,
  };
}

const tieSummaries: Readonly<Record<string, string>> = {
  even: "to the even code",
  down: "towards −∞",
  up: "towards +∞",
  away: "away from zero",
  zero: "towards zero",
};

/** A sheet as text for a terminal, at most about 100 columns except for long sources. */
export function renderSheet(sheet: FormatSheet): string {
  const { range } = sheet;
  const storage =
    sheet.bitsPerWeight === null
      ? `${sheet.bits} + ${sheet.scaleBits} per ${sheet.group}`
      : `${printed(sheet.bitsPerWeight)} (${sheet.bits} + ${sheet.scaleBits} per group of ${sheet.group})`;
  const fields: [string, string][] = [
    ["element", [sheet.element, ...sheet.aliases].join(", ")],
    ["family", sheet.family],
    ["bits/weight", storage],
    ["values", `${sheet.values.length}${sheet.hasZero ? "" : ", no zero"}${sheet.symmetric ? ", symmetric" : ""}`],
    ["range", `${printed(range.min)} … ${printed(range.max)}, smallest magnitude ${printed(range.smallestMagnitude)}`],
    ["ties", tieSummaries[sheet.tie]!],
    ["scale", `${sheet.scaleRule}, one per ${groupId(sheet.group)}, stored as ${sheet.scaleStore}`],
    ["", sheet.scaleRuleSummary],
    ["source", sheet.source],
    ...sheet.quirks.map((quirk): [string, string] => ["note", quirk]),
  ];
  return [
    `${sheet.id}  ${sheet.label}`,
    "",
    ...fields.map(([name, text]) => `${name.padEnd(12)} ${text}`),
    "",
    "sorted",
    ...columns(sheet.values.map(printed)),
    "",
    "by code",
    ...columns(sheet.codes.map(({ code, value, negativeZero }) => `${code} ${codeText(value, negativeZero)}`)),
    "",
  ].join("\n");
}

function codeText(value: number | null, negativeZero: boolean): string {
  if (value === null) return "reserved";
  return negativeZero ? "-0" : printed(value);
}

/** Up to 9 significant digits: enough to tell any two float32 apart. */
function printed(value: number): string {
  return String(Number(value.toPrecision(9)));
}

function columns(cells: readonly string[]): string[] {
  const width = Math.max(...cells.map(({ length }) => length)) + 2;
  const perLine = Math.max(1, 2 ** Math.floor(Math.log2(96 / width)));
  return Array.from({ length: Math.ceil(cells.length / perLine) }, (_, line) =>
    `  ${cells
      .slice(line * perLine, (line + 1) * perLine)
      .map((cell) => cell.padEnd(width))
      .join("")}`.trimEnd(),
  );
}
