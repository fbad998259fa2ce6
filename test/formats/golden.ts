import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../evaluate/model/index.ts";

interface Rounded {
  q: number[][];
  s: number[];
}

/** test/golden/formats.golden.json, made by make-formats.py. */
export interface FormatsGolden {
  normalQuantile: [p: number, x: number][];
  studentQuantile: [p: number, nu: number, t: number][];
  books: Record<string, number[]>;
  rtn: {
    W: number[][];
    rtn_E2M1_g8: Rounded;
    rtn_NF4_g8: Rounded;
    rtn_SF4_g8: Rounded;
    rtn_NF3_g8: Rounded;
    tie_rule_E2M1: { x: number[]; llm_datatypes_lower: number[] };
    glm130b_int4_row: number[][];
    llmfp4_E2M1_row: number[][];
    llmfp4_E3M0_row: number[][];
    llmfp4_E1M2_row: number[][];
  };
}

export function formatsGolden(): FormatsGolden {
  return JSON.parse(readFileSync(join(packageRoot(), "test/golden/formats.golden.json"), "utf8")) as FormatsGolden;
}

/** Largest absolute difference of two lists; infinite if their lengths differ. */
export function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Array.from(actual, (value, i) => Math.abs(value - expected[i]!)).reduce((a, b) => Math.max(a, b), 0);
}
