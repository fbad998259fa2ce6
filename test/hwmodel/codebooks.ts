import type { Codebook } from "../../hwmodel/index.ts";

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const both = (magnitudes: number[]) => [...magnitudes.map((m) => -m), 0, ...magnitudes];

/** IEEE-like minifloats by definition; `reserved` codes at the top (NaN, infinity) hold no value. */
function minifloat(exponentBits: number, mantissaBits: number, bias: number, reserved: number): number[] {
  const scale = 2 ** mantissaBits;
  const magnitudes = range(1, 2 ** (exponentBits + mantissaBits) - 1 - reserved).map((code) => {
    const exponent = Math.floor(code / scale);
    const fraction = (code % scale) / scale;
    return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  });
  return both(magnitudes);
}

const E2M1 = [0.5, 1, 1.5, 2, 3, 4, 6];
const APOT4 = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1];

/** Values of Table 15 of "Learning from Students" and of the IEEE-like minifloats, so that these tests need no registry. */
const VALUES: Record<string, number[]> = {
  int3: range(-4, 3),
  int4: range(-8, 7),
  int5: range(-16, 15),
  int6: range(-32, 31),
  int8: range(-128, 127),
  e2m1: both(E2M1),
  "e2m1+sr": [...both(E2M1), 8],
  "e2m1+sp": [...both(E2M1), 5],
  "e2m1-i": both([0.0625, 1, 1.5, 2, 3, 4, 6]),
  "e2m1-b": both([0.0625, 2, 3, 4, 6, 8, 12]),
  e1m2: both([0.5, 1, 1.5, 2, 2.5, 3, 3.5]),
  e3m0: both([0.25, 0.5, 1, 2, 4, 8, 16]),
  apot4: both(APOT4),
  "apot4+sp": [...both(APOT4), 0.5],
  e2m3: minifloat(2, 3, 1, 0),
  e3m2: minifloat(3, 2, 3, 0),
  e4m3: minifloat(4, 3, 7, 1),
  e5m2: minifloat(5, 2, 15, 4),
  nf4: [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ],
  sf4: [
    -1, -0.627781, -0.454736, -0.334331, -0.237434, -0.152899, -0.074982, 0, 0.065513, 0.132965, 0.204661, 0.283835,
    0.375805, 0.491076, 0.656781, 1,
  ],
};

export function codebook(id: string): Codebook {
  const values = VALUES[id];
  if (!values) throw new Error(`no test codebook ${id}`);
  return { id, values };
}
