import {
  addInt,
  type Code,
  doWhileBelow,
  get,
  instantiate,
  int,
  loadVector,
  set,
  storeVector,
  vector,
  zeroVector,
} from "../../formats/simd/wasm.ts";

/** Rows side by side: two float64 in each of eight vectors, as many sums as hide the latency of an addition. */
export const LANES = 16;
/** Columns of the widest block: groups of up to DYNAMIC_GROUP_MAX, or shorter ones side by side. */
const WIDTH_MAX = 512;

const NUMBER = 8;
const COLUMN = LANES * NUMBER;
const ERROR = WIDTH_MAX * COLUMN;
const GAINS = 2 * ERROR;
const DRIFTS = GAINS + WIDTH_MAX * WIDTH_MAX * NUMBER;
const PAGES = (DRIFTS + WIDTH_MAX * WIDTH_MAX * NUMBER) / 65536;

/** The program's memory for a block of some width, and its one function. */
export interface FeedbackProgram {
  /** [width, LANES]. */
  readonly value: Float64Array;
  readonly error: Float64Array;
  /** [width, width]: row k holds what column k gains from each column before it. */
  readonly gains: Float64Array;
  readonly drifts: Float64Array;
  /** value[k] += Σ gains[k, j] error[j] over first ≤ j < last; with `drifts`, Σ drifts[k, j] value[j]. */
  add(what: "gains" | "drifts", k: number, first: number, last: number): void;
}

type Add = (gain: number, end: number, of: number, into: number) => void;

interface Program {
  memory: { buffer: ArrayBuffer };
  add: Add;
}

let instance: Program | null = null;

/**
 * Multiply-adds in float64 of WebAssembly's SIMD, in the order of a plain loop and so with its results. One memory serves
 * all calls: a block must be done with before the next one asks.
 */
export function feedbackProgram(width: number): FeedbackProgram {
  if (width > WIDTH_MAX) throw new Error(`feedbackProgram: a block of ${width} columns, at most ${WIDTH_MAX}`);
  instance ??= instantiate<Program>(PAGES, [addProducts()]);
  const { memory, add } = instance;
  const [value, error] = [0, ERROR].map((at) => new Float64Array(memory.buffer, at, width * LANES));
  const [gains, drifts] = [GAINS, DRIFTS].map((at) => new Float64Array(memory.buffer, at, width * width));
  return {
    value: value!,
    error: error!,
    gains: gains!,
    drifts: drifts!,
    add(what, k, first, last) {
      if (first >= last) return;
      const row = (what === "gains" ? GAINS : DRIFTS) + k * width * NUMBER;
      add(row + first * NUMBER, row + last * NUMBER, (what === "gains" ? ERROR : 0) + first * COLUMN, k * COLUMN);
    },
  };
}

/** The float64 at an address in both lanes: v128.load64_splat, WebAssembly 2.0, section 5.4.9. */
const splatDouble = (address: Code): Code => [...address, 0xfd, 10, 3, 0];

function addProducts() {
  const [gain, end, of, into, factor, sums] = [0, 1, 2, 3, 4, 5];
  const parts = Array.from({ length: LANES / 2 }, (_, i) => ({ sum: sums + i, offset: 16 * i }));
  const body = [
    ...parts.flatMap(({ sum }) => set(sum, zeroVector)),
    ...doWhileBelow(
      gain,
      end,
      set(factor, splatDouble(get(gain))),
      ...parts.map(({ sum, offset }) => {
        const product = vector("f64x2Mul", get(factor), loadVector(get(of), offset));
        return set(sum, vector("f64x2Add", get(sum), product));
      }),
      set(gain, addInt(get(gain), int(NUMBER))),
      set(of, addInt(get(of), int(COLUMN))),
    ),
    ...parts.flatMap(({ sum, offset }) =>
      storeVector(get(into), offset, vector("f64x2Add", loadVector(get(into), offset), get(sum))),
    ),
  ];
  return { name: "add", parameters: 4, ints: 0, vectors: 1 + parts.length, body };
}
