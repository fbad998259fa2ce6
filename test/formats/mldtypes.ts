import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../evaluate/model/index.ts";

interface FloatGolden {
  dtype: string;
  codes: (number | null)[] | null;
  codesSha256: string;
  reserved: number[];
  max: number;
  smallest: number;
  sweep: { count: number; inputsSha256: string; roundedSha256: string };
  ties: [input: number, rounded: number][];
}

/** test/golden/mldtypes.golden.json, made by make-mldtypes.py. */
export interface MlDtypesGolden {
  floats: Record<string, FloatGolden>;
  scales: Record<string, { smallest: number; largest: number; start: number; count: number; roundedSha256: string }>;
  bitsandbytes: Record<
    string,
    {
      table: number[];
      grid?: { count: number; roundedSha256: string };
      bounds?: number[];
      boundsRounded?: number[];
      packed?: number[];
    }
  >;
  compressedTensors: { int: Record<string, number[]>; e2m1: number[] };
}

export function mlDtypesGolden(): MlDtypesGolden {
  return JSON.parse(readFileSync(join(packageRoot(), "test/golden/mldtypes.golden.json"), "utf8")) as MlDtypesGolden;
}

/** SHA-256 of the numbers as little-endian float32. */
export function sha256(values: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => {
    bytes.setFloat32(4 * i, value, true);
  });
  return createHash("sha256").update(new Uint8Array(bytes.buffer)).digest("hex");
}

/** The inputs of make-mldtypes.py: every 16411th float32, and all midpoints with their neighbours, as far as the largest level. */
export function floatSweep(levels: readonly number[]): Float32Array {
  const largest = levels.at(-1)!;
  const patterns = Uint32Array.from({ length: Math.ceil(2 ** 32 / 16411) }, (_, i) => i * 16411);
  const around = levels.slice(1).flatMap((level, i) => {
    const tie = (level + levels[i]!) / 2;
    return [nextFloat(tie, -1), tie, nextFloat(tie, 1)];
  });
  return Float32Array.from([...new Float32Array(patterns.buffer), ...around].filter((x) => Math.abs(x) <= largest));
}

/** The inputs of make-mldtypes.py for a type of scales: every 16411th positive float32 within bounds. */
export function scaleSweep(start: number, largest: number): Float32Array {
  const patterns = Uint32Array.from({ length: Math.ceil(2 ** 31 / 16411) }, (_, i) => i * 16411);
  return new Float32Array(patterns.buffer).filter((x) => x >= start && x <= largest);
}

/** The float32 beside `x` in the given direction. */
function nextFloat(x: number, direction: 1 | -1): number {
  if (x === 0) return direction * 2 ** -149;
  const bits = new Int32Array(Float32Array.of(x).buffer);
  bits[0]! += x > 0 ? direction : -direction;
  return new Float32Array(bits.buffer)[0]!;
}
