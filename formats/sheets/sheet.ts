import { type StorageBits, storageBits } from "../bitsPerWeight.ts";
import { coderScales } from "../coder.ts";
import { type Element, hasEqualEnds } from "../element.ts";
import { type Group, groupId, parseFormat } from "../format.ts";
import { namedFormat } from "../named/index.ts";
import { aboutRule } from "../scaleRules.ts";
import { aboutStores, scaleStores } from "../scaleStores.ts";
import { aboutFormat } from "./about.ts";
import { type Layout, layoutOf } from "./layout.ts";

/** One codebook of a format. */
export interface CodebookSheet extends Layout {
  element: string;
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
}

/** All there is to know of a format, as plain data for `bitfrontier formats ID --json`. The codebook's own fields are those of the first. */
export interface FormatSheet extends CodebookSheet {
  id: string;
  /** The named format, null for ELEMENT@GROUP. */
  name: string | null;
  aliases: readonly string[];
  label: string;
  family: string;
  bits: number;
  /** Every codebook a group may take, in the order of the selector; one for most formats. */
  codebooks: CodebookSheet[];
  /** How a group takes one; null where there is nothing to choose. */
  choice: string | null;
  tie: string;
  group: Group;
  scaleRule: string;
  scaleRuleSummary: string;
  scaleStore: string;
  scaleStoreSummary: string;
  scaleBits: number;
  /** Bits that each group, and each span of groups, stores beside the codes. */
  storage: StorageBits;
  /** For rows that the group divides, without what is stored once per row, tensor or span; null for a scale per row or tensor, where it depends on the shape. */
  bitsPerWeight: number | null;
  source: string;
  /** Licence and patent note of the published code, where known. */
  licence: string | null;
  quirks: readonly string[];
}

/** The sheet of a format or element id. Throws UserError for an unknown id, naming the nearest. */
export function formatSheet(id: string): FormatSheet {
  const format = parseFormat(id);
  const { name, element, elements, selector, group, rule, store, tie, coder } = format;
  const { label, source, quirks, licence } = aboutFormat(format);
  const storage = storageBits(format);
  const codebooks = elements.map(codebookSheet);
  return {
    ...codebooks[0]!,
    id: format.id,
    name,
    aliases: (name === null ? element : namedFormat(name))!.aliases,
    label,
    family: element?.family ?? "several",
    bits: storage.code,
    codebooks,
    choice:
      selector &&
      `${["each", elements.length > 1 ? "codebook" : "target", "tried"].join(" ")}; least ${selector.objective}${selector.targets ? ` with the largest value at ${selector.targets.join(" or ")}` : ""}; stored: ${selector.bits > 0 ? `${selector.bits} ` : ""}${selector.where}`,
    tie,
    group,
    scaleRule: coder === "scaled" ? rule : coder,
    scaleRuleSummary: coderScales[coder] ?? aboutRule(rule),
    scaleStore: store,
    scaleStoreSummary: aboutStores[store],
    scaleBits: scaleStores[store].bits,
    storage,
    bitsPerWeight: typeof group === "number" ? storage.code + storage.group / group : null,
    source,
    licence,
    quirks,
  };
}

function codebookSheet(element: Element): CodebookSheet {
  const { id, codes, values, bits } = element;
  return {
    element: id,
    ...layoutOf(element),
    codes: codes.map((value, code) => ({
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
  const family = sheet.codebooks.length > 1;
  const digits = sheet.values.every((value) => Number(printed(value)) === value)
    ? ""
    : "; 9 digits here, all of them in --json";
  const fields: [string, string][] = [
    [family ? "codebooks" : "element", sheet.codebooks.map(({ element }) => element).join(", ")],
    ["aliases", sheet.aliases.join(", ")],
    ["family", sheet.family],
    ["bits/weight", storageText(sheet)],
    ["layout", sheet.bias === null ? sheet.layout : `${sheet.layout}, bias ${sheet.bias}`],
    ["specials", sheet.specials.join("; ")],
    ["choice", sheet.choice ?? ""],
    [
      "values",
      `${sheet.values.length}${sheet.hasZero ? "" : ", no zero"}${sheet.symmetric ? ", symmetric" : ""}${digits}`,
    ],
    ["range", `${printed(range.min)} … ${printed(range.max)}, smallest magnitude ${printed(range.smallestMagnitude)}`],
    ["ties", tieSummaries[sheet.tie]!],
    ["scale", `${sheet.scaleRule}, one per ${groupId(sheet.group)}, stored as ${sheet.scaleStore}`],
    ["stored", sheet.scaleStoreSummary],
    ["rule", sheet.scaleRuleSummary],
    ["source", sheet.source],
    ["licence", sheet.licence ?? ""],
    ...sheet.quirks.map((quirk): [string, string] => ["note", quirk]),
  ];
  return [
    `${sheet.id}  ${sheet.label}`,
    "",
    ...fields.filter(([, text]) => text !== "").map(([name, text]) => `${name.padEnd(12)} ${text}`),
    "",
    ...sheet.codebooks.flatMap((codebook) => [
      ...(family ? [codebook.element] : []),
      "sorted",
      ...columns(codebook.values.map(printed)),
      "",
      "by code",
      ...columns(codebook.codes.map(({ code, value, negativeZero }) => `${code} ${codeText(value, negativeZero)}`)),
      "",
    ]),
  ].join("\n");
}

/** `4.5 (4 + 8 per group of 16) + 32 per tensor`. */
function storageText({ bits, bitsPerWeight, group, storage, scaleBits }: FormatSheet): string {
  const { groupParts, outer } = storage;
  const parts = Object.entries(groupParts).filter(([, count]) => count > 0);
  const detail = parts.length > 1 ? parts.map(([what, count]) => `${count} ${what}`).join(" + ") : String(scaleBits);
  const beyond =
    outer === null
      ? ""
      : ` + ${outer.bits} per ${typeof outer.span === "number" ? `${outer.span} groups` : outer.span}${outer.tensorBits > 0 ? ` + ${outer.tensorBits} per tensor` : ""}`;
  return bitsPerWeight === null
    ? `${bits} + ${detail} per ${group}${beyond}`
    : `${printed(bitsPerWeight)} (${bits} + ${detail} per group of ${group})${beyond}`;
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
