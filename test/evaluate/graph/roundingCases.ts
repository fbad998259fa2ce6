import assert from "node:assert/strict";
import { createSession } from "../../../evaluate/engine/session.ts";
import { createGraph, encode, fakeQuantize, input, output } from "../../../evaluate/graph/index.ts";
import { requireFittable } from "../../../evaluate/graph/quantization/groupFit.ts";
import { type Format, fakeQuantize as hostFakeQuantize, UserError } from "../../../formats/index.ts";
import { normals, uniforms } from "../../random.ts";

/** Rows and columns: two groups of 32 and a remainder of 12. */
export const [ROWS, COLUMNS] = [24, 76];

/** A matrix of rows that try what rounding can get wrong: one kind of data a row. */
export function matrix(seed: number, factor = 1): Float32Array {
  const [normal, uniform] = [normals(seed), uniforms(seed)];
  const kinds: ((column: number) => number)[] = [
    () => normal(),
    () => normal() ** 3,
    // Ties: few distinct values, at halves and quarters of a scale that is a power of two or the codebook's own.
    () => Math.round(normal() * 4) / 8,
    () => (Math.round(uniform() * 24) - 12) / 4,
    (column) => (column % 32 === 0 ? 7 : Math.round(uniform() * 28 - 14) / 2),
    (column) => (column % 32 === 0 ? -6 : Math.round(uniform() * 48 - 24) / 4),
    (column) => (column % 16 === 3 ? 448 : Math.round(uniform() * 128) / 2),
    // Groups of zeros, of one number, of one sign.
    (column) => (column < 32 ? 0 : normal()),
    (column) => (column < 32 ? -0 : 1.25),
    () => 0,
    () => -0.7,
    () => Math.abs(normal()) + 0.1,
    () => -Math.abs(normal()) - 3,
    (column) => (column % 32 === 5 ? normal() : 0),
    // Outliers, and scales at the ends of their stores.
    (column) => (column === 40 ? 1000 * normal() : normal()),
    () => normal() * 1e-4,
    () => normal() * 2 ** -14,
    () => normal() * 2 ** -22,
    () => normal() * 1e-7,
    () => normal() * 1e-12,
    () => normal() * 1e-38,
    () => Math.fround(normal() * 1e-42),
    () => normal() * 3000,
    (column) => 2 ** ((column % 20) - 10) * (uniform() < 0.5 ? -1 : 1),
  ];
  return Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => kinds[Math.floor(i / COLUMNS)]!(i % COLUMNS) * factor);
}

/** What the graph makes of x in each format, in one session. */
export async function inGraph(formats: readonly Format[], x: Float32Array, apart = false): Promise<Float32Array[]> {
  const graph = createGraph();
  const value = input(graph, "x", "float32", [ROWS, COLUMNS]);
  for (const [i, format] of formats.entries()) output(graph, `y${i}`, fakeQuantize(graph, value, { format, apart }));
  const session = await createSession(encode(graph), { threads: 1 });
  const results = await session.run({ x: { data: x, shape: [ROWS, COLUMNS] } });
  await session.release();
  return formats.map((_, i) => results[`y${i}`] as Float32Array);
}

export function onHost(format: Format, x: Float32Array, apart = false): Float32Array {
  const out = new Float32Array(x.length);
  if (!apart) hostFakeQuantize(x, ROWS, COLUMNS, format, out, { oversizeGroup: "row" });
  else
    for (let row = 0; row < ROWS; row++) {
      const [from, to] = [row * COLUMNS, (row + 1) * COLUMNS];
      hostFakeQuantize(x.subarray(from, to), 1, COLUMNS, format, out.subarray(from, to), { oversizeGroup: "row" });
    }
  return out;
}

/** Bit for bit: −0 is not 0. */
function assertSame(got: Float32Array, wanted: Float32Array, x: Float32Array, format: Format): void {
  const [a, b] = [got, wanted].map((y) => new Int32Array(y.buffer, y.byteOffset, y.length));
  const at = a!.findIndex((bits, i) => bits !== b![i]);
  assert.equal(
    at,
    -1,
    `${format.id}: ${x[at]} at row ${Math.floor(at / COLUMNS)}, column ${at % COLUMNS} becomes ${got[at]}, on the host ${wanted[at]}`,
  );
}

/** Compares graph and host on numbers as large as the format's scales can be. */
export async function compare(formats: readonly Format[], seed: number, apart = false): Promise<void> {
  let rest = formats;
  for (const factor of FACTORS) {
    const x = matrix(seed, factor);
    const some = rest.filter((format) => isHeld(() => onHost(format, x, apart)));
    rest = rest.filter((format) => !some.includes(format));
    if (some.length === 0) continue;
    const got = await inGraph(some, x, apart);
    for (const [i, format] of some.entries()) assertSame(got[i]!, onHost(format, x, apart), x, format);
  }
  assert.deepEqual(rest, []);
}

/** The host refuses scales above a store's range. */
const FACTORS = [1, 2 ** -10, 2 ** -20];

function isHeld(round: () => unknown): boolean {
  try {
    round();
    return true;
  } catch (error) {
    assert.ok(error instanceof UserError);
    return false;
  }
}

/** Whether a format is possible; parts may exclude each other. */
export function possible(make: () => Format): Format[] {
  try {
    return [make()];
  } catch (error) {
    assert.ok(error instanceof UserError);
    return [];
  }
}

export function fittable(format: Format): boolean {
  try {
    requireFittable(format);
    return true;
  } catch {
    return false;
  }
}
