import { type Element, element, type TieRule } from "../element.ts";
import { UserError } from "../error.ts";
import { compileFormula } from "./formula.ts";

/**
 * A codebook of one's own, as a JSON file states it: exactly one of `values` (any order; a value's place is its code),
 * `codes` (2^bits entries, null where reserved) and `formula` with the range of `i`.
 */
export interface OwnCodebook {
  /** Name to call it by: letters, digits, `_ . + -`. */
  id?: string;
  /** Bits of a code; without it the fewest that hold the values. */
  bits?: number;
  values?: readonly number[];
  codes?: readonly (number | null)[];
  /** Arithmetic formula of `i` (see compileFormula). */
  formula?: string;
  /** `-7..8`: the range of `i`, both ends included. */
  i?: string;
  /** Where ties go; `even` (the even code) by default. */
  tie?: TieRule;
  label?: string;
  source?: string;
}

/** Codes have at most 8 bits. */
const VALUES_MAX = 256;
/** Levels and scales are float32, and their products must neither overflow nor vanish. */
const MAGNITUDE_MAX = 1e30;
const MAGNITUDE_MIN = 1e-30;
/** Ids up to this length are the specification itself (16 numbers of full precision fit); longer ones are its hash. */
const ID_LENGTH_MAX = 400;
/** The range of a formula that names none: a 4-bit code, as in llm-datatypes' en_25. */
const RANGE_DEFAULT = "-7..8";
const ties: Readonly<Record<TieRule, true>> = { even: true, down: true, up: true, away: true, zero: true };
const NAME = /^[a-z][a-z0-9_.+-]{0,39}$/;
/** A label and a source are a line each. */
const TEXT_MAX = 1000;

const fields: Readonly<Record<keyof OwnCodebook, string>> = {
  id: "a name of up to 40 letters, digits and _ . + -, starting with a letter",
  bits: "a whole number from 1 to 8",
  values: "a list of numbers",
  codes: "a list of numbers and null",
  formula: "a formula of i",
  i: 'a range such as "-7..8"',
  tie: "even, down, up, away or zero",
  label: "a text of up to 1000 characters",
  source: "a text of up to 1000 characters",
};

/**
 * Checks a codebook of unknown origin and makes its element. The element's id is the codebook's specification in brackets
 * (`[-1,0,0.5,1]`, `[sign(i)*i^2;i=-7..8;tie=down]`), or `NAME~HASH` where it has a name, `book~HASH` where it is long.
 * Throws UserError naming `where`, the field and what was expected: unknown fields, NaN, infinity, repeated values (also
 * after rounding to float32), fewer than two or more than 256 values, too few bits, formulas that are not formulas.
 */
export function ownCodebook(data: unknown, where = "codebook"): Element {
  const book = checkFields(data, where);
  const fail = (what: string): never => {
    throw new UserError(`${where}: ${what}`);
  };
  const given = (["values", "codes", "formula"] as const).filter((name) => book[name] !== undefined);
  if (given.length !== 1) fail(`expected one of values, codes and formula, got ${given.join(" and ") || "none"}`);
  if (book.i !== undefined && book.formula === undefined) fail("i is the range of a formula, but there is no formula");
  const range = book.i ?? RANGE_DEFAULT;
  const listed = book.formula === undefined ? (book.values ?? book.codes)! : formulaValues(book.formula, range, where);
  checkValues(listed, where);
  const fewest = Math.max(1, Math.ceil(Math.log2(listed.length)));
  const bits = book.bits ?? fewest;
  if (bits < fewest) fail(`${listed.length} values need ${fewest} bits, not ${bits}`);
  if (book.codes !== undefined && listed.length !== 2 ** bits) {
    fail(`${listed.length} codes; ${bits} bits have ${2 ** bits} (null for a reserved one)`);
  }
  const tie = book.tie ?? "even";
  const what = book.formula === undefined ? numbersText(listed) : `${formulaText(book.formula)};i=${range}`;
  const text = `[${what}${bits === fewest ? "" : `;bits=${bits}`}${tie === "even" ? "" : `;tie=${tie}`}]`;
  const stem = book.id ?? (text.length > ID_LENGTH_MAX ? "book" : undefined);
  return element({
    id: stem === undefined ? text : `${stem}~${contentHash(text)}`,
    aliases: book.id === undefined ? [] : [book.id],
    family: "table",
    bits,
    codes: [...listed, ...new Array<null>(2 ** bits - listed.length).fill(null)],
    tie,
    about: {
      label: book.label ?? `own codebook of ${new Set(listed.filter((v) => v !== null)).size} values`,
      source: book.source ?? (book.formula === undefined ? "given by the user" : `formula ${text}`),
    },
  });
}

/** Reads `[1,2,3]` and `[FORMULA;i=-7..8]` with the options `;bits=4` and `;tie=down`. Throws UserError as ownCodebook. */
export function parseBracketed(text: string): OwnCodebook {
  if (text.length > BRACKETED_MAX) {
    throw new UserError(`codebook of ${text.length} characters; at most ${BRACKETED_MAX} (256 numbers) fit`);
  }
  const where = `codebook ${JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)}`;
  if (!text.endsWith("]")) throw new UserError(`${where}: expected ] at its end`);
  const [body, ...options] = text
    .slice(1, -1)
    .replace(/\s+for\s+i\s*=/, ";i=")
    .replaceAll(/\s+/g, "")
    .split(";");
  const book: Record<string, unknown> = {};
  for (const option of options) {
    const [, name, value] = /^(i|bits|tie)=(.+)$/.exec(option) ?? [];
    if (name === undefined || Object.hasOwn(book, name)) {
      throw new UserError(`${where}: ${JSON.stringify(option)}; expected i=A..B, bits=N or tie=T, each once`);
    }
    book[name] = name === "bits" ? Number(value) : value;
  }
  const entries = body!.split(",");
  const numbers = entries.every((entry) => NUMBER.test(entry) || entry === "null");
  if (numbers && book.i === undefined) return { ...book, values: entries.map(entryValue) as number[] };
  if (/[a-z(^*/]/.test(body!) && !entries.some((entry) => /^[+-]?(nan|inf(inity)?)$/.test(entry))) {
    return { ...book, formula: body! };
  }
  const wrong = entries.findIndex((entry) => !NUMBER.test(entry));
  throw new UserError(`${where}: entry ${wrong} is ${JSON.stringify(entries[wrong]?.slice(0, 40))}, expected a number`);
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/;
/** 256 numbers of full precision, written out. */
const BRACKETED_MAX = 8192;

function entryValue(text: string): number | null {
  return text === "null" ? null : Number(text);
}

function checkFields(data: unknown, where: string): OwnCodebook {
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new UserError(`${where}: expected an object { "values": […] }`);
  }
  const book: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(data)) {
    if (!Object.hasOwn(fields, name)) {
      throw new UserError(
        `${where}: unknown field ${JSON.stringify(name.slice(0, 40))}; known: ${Object.keys(fields).join(", ")}`,
      );
    }
    if (!fits(name as keyof OwnCodebook, value)) {
      throw new UserError(`${where}: ${name} must be ${fields[name as keyof OwnCodebook]}`);
    }
    book[name] = value;
  }
  return book;
}

function fits(name: keyof OwnCodebook, value: unknown): boolean {
  switch (name) {
    case "bits":
      return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 8;
    case "values":
    case "codes":
      return Array.isArray(value) || ArrayBuffer.isView(value);
    case "id":
      return typeof value === "string" && NAME.test(value);
    case "tie":
      return typeof value === "string" && Object.hasOwn(ties, value);
    case "formula":
      return typeof value === "string";
    default:
      return typeof value === "string" && value.length <= TEXT_MAX;
  }
}

function checkValues(values: ArrayLike<unknown>, where: string): asserts values is (number | null)[] {
  const { length } = values;
  if (length > VALUES_MAX) throw new UserError(`${where}: ${length} values; a codebook has at most ${VALUES_MAX}`);
  const places = new Map<number, number>();
  for (let code = 0; code < length; code++) {
    const value = values[code];
    if (value === null) continue;
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new UserError(`${where}: entry ${code} is ${shown(value)}, expected a finite number`);
    }
    const magnitude = Math.abs(value);
    if (magnitude > MAGNITUDE_MAX || (magnitude > 0 && magnitude < MAGNITUDE_MIN)) {
      throw new UserError(
        `${where}: entry ${code} is ${value}; magnitudes are 0 or ${MAGNITUDE_MIN} to ${MAGNITUDE_MAX}`,
      );
    }
    const rounded = Object.is(value, -0) ? value : Math.fround(value);
    const key = Object.is(rounded, -0) ? Number.MIN_VALUE : rounded; // −0 beside 0 is sign-magnitude's second zero
    const before = places.get(key);
    if (before !== undefined) {
      throw new UserError(
        `${where}: entries ${before} and ${code} are both ${values[before]}${value === values[before] ? "" : ` (${value}) in float32`}`,
      );
    }
    places.set(key, code);
  }
  if (places.size < 2) throw new UserError(`${where}: ${places.size} values; a codebook has at least two`);
}

/** Never JSON.stringify a list or an object here: a deeply nested one overflows the stack. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  return String(value);
}

function formulaValues(formula: string, range: string, where: string): number[] {
  const [, first, last] = /^([+-]?\d{1,6})\.\.([+-]?\d{1,6})$/.exec(range.replaceAll(/\s+/g, "")) ?? [];
  const from = Number(first);
  const count = Number(last) - from + 1;
  if (!(count >= 2 && count <= VALUES_MAX)) {
    throw new UserError(
      `${where}: i=${range.slice(0, 40)}; expected a range of 2 to ${VALUES_MAX} whole numbers such as -7..8`,
    );
  }
  const at = compileFormula(formula);
  return Array.from({ length: count }, (_, k) => {
    const value = at(from + k);
    if (!Number.isFinite(value)) throw new UserError(`${where}: the formula is ${value} at i = ${from + k}`);
    return value + 0;
  });
}

function numbersText(values: readonly (number | null)[]): string {
  return values.map((value) => (Object.is(value, -0) ? "-0" : String(value))).join(",");
}

function formulaText(formula: string): string {
  return formula.toLowerCase().replaceAll(/\s+/g, "");
}

/** 64-bit FNV-1a of a text, 16 hexadecimal digits. It tells codebooks apart; it is no protection against forgery. */
function contentHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}
