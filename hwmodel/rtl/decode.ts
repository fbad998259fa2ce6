import { bitLength } from "../operand.ts";
import type { CodedOperand } from "./codes.ts";
import { significandBits } from "./codes.ts";
import { type Bit, bitsOf, concatenate, type Draft, depthOf, fresh, ZERO } from "./draft.ts";
import type { Num } from "./heap.ts";

/** Sign and magnitude of an operand, the magnitude split into significand · 2^exponent. */
export interface FloatFields {
  /** ZERO for an operand without negative values. */
  sign: Bit;
  significand: Bit[];
  exponent: Bit[];
  /** Largest exponent. */
  maxExponent: number;
}

/** Gate levels of a small table. */
const TABLE_LEVELS = 4;

/**
 * A lookup: `rows[code]` is the output for each code, null where any output will do. Bits that equal a bit of the code
 * or are constant cost a wire; the rest is a case statement over the bits of the code that matter.
 */
export function lookup(
  d: Draft,
  stem: string,
  code: readonly Bit[],
  rows: readonly (number | bigint | null)[],
  width: number,
  meaning: (code: number) => string = () => "",
): Bit[] {
  const words = rows.map((row) => (row === null ? null : BigInt.asUintN(width, BigInt(row))));
  const direct = Array.from({ length: width }, (_, bit) => sameAs(words, bit, code));
  if (direct.every((bit) => bit !== null)) return direct;
  const table = withoutIdleInputs(words);
  const selector = table.inputs.map((k) => code[k]!);
  const name = fresh(d, stem);
  d.lines.push(`reg [${width - 1}:0] ${name};`, `always @* case (${concatenate(selector)})`);
  fillFree(table.rows).forEach((row, i, all) => {
    const note = table.codes[i]!.map(meaning).filter(Boolean).join(", ");
    const label = i === all.length - 1 ? "default" : `${selector.length}'d${i}`;
    d.lines.push(`  ${label}: ${name} = ${width}'d${row};${note ? ` // ${note}` : ""}`);
  });
  d.lines.push("endcase");
  const bits = bitsOf(name, width);
  for (const bit of bits) d.depth.set(bit, depthOf(d, selector) + TABLE_LEVELS);
  return bits.map((bit, i) => direct[i] ?? bit);
}

interface SmallerTable {
  /** Which bits of the code are left. */
  inputs: number[];
  rows: (bigint | null)[];
  /** The codes that share each row. */
  codes: number[][];
}

/** Drops the inputs, highest first, that change no row (the sign of a magnitude). */
function withoutIdleInputs(rows: readonly (bigint | null)[]): SmallerTable {
  const bits = Math.log2(rows.length);
  let table: SmallerTable = {
    inputs: Array.from({ length: bits }, (_, k) => k),
    rows: [...rows],
    codes: rows.map((_, code) => [code]),
  };
  for (let k = bits - 1; k >= 0; k--) {
    const at = 1 << table.inputs.indexOf(k);
    const { rows: current, codes } = table;
    const idle = current.every((row, i) => row === null || current[i ^ at] === null || row === current[i ^ at]);
    if (!idle) continue;
    const kept = current.map((_, i) => i).filter((i) => (i & at) === 0);
    table = {
      inputs: table.inputs.filter((input) => input !== k),
      rows: kept.map((i) => current[i] ?? current[i | at]!),
      codes: kept.map((i) => [...codes[i]!, ...codes[i | at]!]),
    };
  }
  return table;
}

/** The bit of the code, or the constant, that a bit of the output equals on every row that matters. */
function sameAs(rows: readonly (bigint | null)[], bit: number, code: readonly Bit[]): Bit | null {
  const wanted = rows.map((row) => (row === null ? null : (row >> BigInt(bit)) & 1n));
  const agrees = (of: (i: number) => bigint) => wanted.every((w, i) => w === null || w === of(i));
  if (agrees(() => 0n)) return ZERO;
  for (let k = code.length - 1; k >= 0; k--) if (agrees((i) => BigInt((i >> k) & 1))) return code[k]!;
  return null;
}

/** A free row takes the output of the nearest code that differs in few low bits: fewer distinct subtables. */
function fillFree(rows: readonly (bigint | null)[]): bigint[] {
  return rows.map((row, i) => {
    for (let flip = 0; flip < rows.length; flip++) {
      const near = rows[i ^ flip];
      if (near !== null && near !== undefined) return near;
    }
    return row ?? 0n;
  });
}

/** The operand as a plain integer: two's complement if it has negative values. */
export function decodeInteger(d: Draft, o: CodedOperand, code: readonly Bit[], stem: string): Num {
  const signed = o.min < 0;
  const width = signed ? Math.max(bitLength(o.max), bitLength(-o.min - 1)) + 1 : bitLength(o.max);
  return { bits: lookup(d, `${stem}_integer`, code, o.integers, width, meaningOf(o)), signed };
}

export function decodeSign(d: Draft, o: CodedOperand, code: readonly Bit[], stem: string): Bit {
  if (o.min >= 0) return ZERO;
  // The sign of zero is free: its magnitude adds nothing either way.
  const rows = o.integers.map((v) => (v === null || v === 0 ? null : v < 0 ? 1 : 0));
  return lookup(d, `${stem}_negative`, code, rows, 1)[0]!;
}

export function decodeMagnitude(d: Draft, o: CodedOperand, code: readonly Bit[], stem: string): Bit[] {
  const width = bitLength(Math.max(-o.min, o.max));
  const rows = o.integers.map((v) => (v === null ? null : Math.abs(v)));
  return lookup(d, `${stem}_magnitude`, code, rows, width, meaningOf(o));
}

/** magnitude = significand · 2^exponent, with significands of `bits` bits as large as they can be. */
export function splitMagnitude(magnitude: number, bits: number): { significand: number; exponent: number } {
  const exponent = Math.max(0, bitLength(magnitude) - bits);
  return { significand: magnitude / 2 ** exponent, exponent };
}

/** `bias` is added to the exponents: an exponent field that holds them with a bias then needs no decoder. */
export function decodeFloat(d: Draft, o: CodedOperand, code: readonly Bit[], stem: string, bias = 0): FloatFields {
  const width = significandBits(o.integers.filter((v) => v !== null));
  const parts = o.integers.map((v) => (v === null ? null : splitMagnitude(Math.abs(v), width)));
  const exponents = parts.map((p) => (p === null || p.significand === 0 ? null : p.exponent + bias));
  const maxExponent = Math.max(0, ...exponents.filter((e) => e !== null));
  const significand = lookup(
    d,
    `${stem}_significand`,
    code,
    parts.map((p) => p?.significand ?? null),
    width,
    meaningOf(o),
  );
  const exponent =
    maxExponent === 0 ? [] : lookup(d, `${stem}_exponent`, code, exponents, bitLength(maxExponent), meaningOf(o));
  return { sign: decodeSign(d, o, code, stem), significand, exponent, maxExponent };
}

function meaningOf(o: CodedOperand): (code: number) => string {
  return (code) => {
    const v = o.integers[code];
    return v === null || v === undefined ? "reserved" : String(Number((v * o.unit).toPrecision(7)));
  };
}
