import {
  addInt,
  assemble,
  type Code,
  doWhileBelow,
  get,
  int,
  loadVector,
  set,
  splatFloat,
  storeVector,
  vector,
} from "../../../formats/simd/wasm.ts";

const FLOAT = 4;
/** Columns of one call: as many sums side by side as hide the latency of an addition. */
const WIDE = 32;
const NARROW = 4;
/** Numbers of each operand in the program's memory at a time: 1 MB. */
const HELD = 1 << 18;
const [A, B, C] = [0, HELD * FLOAT, 2 * HELD * FLOAT];
const PAGE = 65536;

/** c[columns] += Σ a[k]·b[k, columns] for k from `a` to `end`, rows of b being `stride` bytes apart. */
type Add = (a: number, end: number, b: number, stride: number, c: number) => void;

let program: { floats: Float32Array; wide: Add; narrow: Add } | null = null;

/** c [m, n] += a [m, k] · b [k, n], row-major: products of thin matrices by WebAssembly's SIMD. */
export function addProduct(c: Float32Array, a: Float32Array, b: Float32Array, m: number, k: number, n: number): void {
  program ??= instantiate();
  const { floats, wide, narrow } = program;
  const columns = Math.min(n, HELD / WIDE);
  const inner = Math.max(1, Math.min(k, Math.floor(HELD / (columns + NARROW))));
  const outer = Math.max(1, Math.min(m, Math.floor(HELD / (columns + NARROW)), Math.floor(HELD / inner)));
  for (let j0 = 0; j0 < n; j0 += columns) {
    const width = Math.min(columns, n - j0);
    const padded = Math.ceil(width / NARROW) * NARROW;
    for (let k0 = 0; k0 < k; k0 += inner) {
      const depth = Math.min(inner, k - k0);
      copyIn(floats, B / FLOAT, padded, b, k0, depth, j0, width, n);
      for (let i0 = 0; i0 < m; i0 += outer) {
        const height = Math.min(outer, m - i0);
        copyIn(floats, A / FLOAT, depth, a, i0, height, k0, depth, k);
        copyIn(floats, C / FLOAT, padded, c, i0, height, j0, width, n);
        for (let i = 0; i < height; i++) {
          const [row, into] = [A + i * depth * FLOAT, C + i * padded * FLOAT];
          const end = row + depth * FLOAT;
          let j = 0;
          for (; j + WIDE <= padded; j += WIDE) wide(row, end, B + j * FLOAT, padded * FLOAT, into + j * FLOAT);
          for (; j < padded; j += NARROW) narrow(row, end, B + j * FLOAT, padded * FLOAT, into + j * FLOAT);
        }
        for (let i = 0; i < height; i++) {
          const at = C / FLOAT + i * padded;
          c.set(floats.subarray(at, at + width), (i0 + i) * n + j0);
        }
      }
    }
  }
}

/** Copies `height` × `width` numbers of a matrix of rows of `of` into rows of `padded`. */
function copyIn(
  floats: Float32Array,
  at: number,
  padded: number,
  from: Float32Array,
  row: number,
  height: number,
  column: number,
  width: number,
  of: number,
): void {
  if (width === of && padded === of) {
    floats.set(from.subarray(row * of, (row + height) * of), at);
    return;
  }
  for (let i = 0; i < height; i++) {
    const start = (row + i) * of + column;
    floats.set(from.subarray(start, start + width), at + i * padded);
  }
}

function adding(name: string, columns: number) {
  const [a, end, b, stride, c, factor, sums] = [0, 1, 2, 3, 4, 5, 6];
  const parts = Array.from({ length: columns / NARROW }, (_, i) => ({ sum: sums + i, offset: 16 * i }));
  const body: Code = [
    ...parts.flatMap(({ sum, offset }) => set(sum, loadVector(get(c), offset))),
    ...doWhileBelow(
      a,
      end,
      set(factor, splatFloat(get(a), 0)),
      ...parts.map(({ sum, offset }) => {
        const product = vector("f32x4Mul", get(factor), loadVector(get(b), offset));
        return set(sum, vector("f32x4Add", get(sum), product));
      }),
      set(a, addInt(get(a), int(FLOAT))),
      set(b, addInt(get(b), get(stride))),
    ),
    ...parts.flatMap(({ sum, offset }) => storeVector(get(c), offset, get(sum))),
  ];
  return { name, parameters: 5, ints: 0, vectors: 1 + parts.length, body };
}

/** As much of the WebAssembly API as is needed: the types of Node leave it to the DOM. */
interface WebAssemblyApi {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: { memory: { buffer: ArrayBuffer }; wide: Add; narrow: Add } };
}

function instantiate() {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
  const code = assemble((3 * HELD * FLOAT) / PAGE, [adding("wide", WIDE), adding("narrow", NARROW)]);
  const { memory, wide, narrow } = new Instance(new Module(code)).exports;
  return { floats: new Float32Array(memory.buffer), wide, narrow };
}
