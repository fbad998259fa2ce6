import type { Book } from "../book.ts";
import { floatOfKey, keyOf } from "../floatKeys.ts";
import { CUTS, DATA, ERROR, GROUP_BYTES, GROUPS, PASS, PLANES, STEP } from "./layout.ts";
import { programBytes } from "./programBytes.ts";

/** Matrices below this are rounded sooner than the program is compiled, where they are rounded once. */
const WORTHWHILE = 1 << 14;
const LEVELS_MAX = 16;

interface Program {
  floats: Float32Array;
  doubles: Float64Array;
  bytes: Uint8Array;
  measure(first: number, end: number, groupBytes: number, table: number): void;
  round: Rounding;
  roundAndSum: Rounding;
  /** Whose levels are in its memory. */
  book: Rounded | null;
}

type Rounding = (first: number, end: number, groupBytes: number, table: number, cutsEnd: number) => void;

/** What of a book decides how numbers are rounded. */
type Rounded = Pick<Book, "levels" | "cuts">;

/** Null until it is needed, and where WebAssembly or its SIMD is missing. */
let program: Program | null = null;

/** What rounding did, or null for the caller to do it the general way. */
export interface SimdRounding {
  sumSquaredError: number;
  sumSquares: number;
  groups: number;
  zeroGroups: number;
}

/**
 * Rounds consecutive groups of `size` numbers from `values` to `out` (may be the same array): the same numbers, bit for
 * bit, as roundRun in kernel.ts, several times as fast. `scaleOf` gives a group's stored scale from its extremes (which
 * include 0); it is not called for groups of zeros, which become zeros. Sums are added in another order than elsewhere.
 * Null, with `out` partly written, where the general way must do it: more than 16 levels, group sizes that 16 does not
 * divide or beyond 32768, small matrices, numbers that are not finite, or no WebAssembly SIMD. Errors are the caller's
 * wish: `sums` false, as in training, leaves both sums 0, saves a quarter of the time and rounds small matrices too. `divisors` is what each group is divided by where that is not its scale. Without `out` nothing is rounded.
 */
export function roundGroups(
  book: Rounded,
  values: Float32Array,
  out: Float32Array | null,
  size: number,
  scaleOf: (min: number, max: number, index: number) => number,
  sums = true,
  divisors: Float32Array | null = null,
): SimdRounding | null {
  if ((sums && values.length < WORTHWHILE) || size % STEP !== 0 || size > PASS || values.length % size !== 0)
    return null;
  const loaded = programFor(book);
  if (loaded === null) return null;
  const { floats, doubles, measure } = loaded;
  const round = sums ? loaded.roundAndSum : loaded.round;
  const result: SimdRounding = { sumSquaredError: 0, sumSquares: 0, groups: 0, zeroGroups: 0 };
  const passLength = Math.floor(PASS / size) * size;
  for (let from = 0; from < values.length; from += passLength) {
    const length = Math.min(passLength, values.length - from);
    const end = DATA + 4 * length;
    floats.set(values.subarray(from, from + length), DATA / 4);
    measure(DATA, end, 4 * size, GROUPS);
    for (let group = 0, entry = GROUPS / 4; group < length / size; group++, entry += GROUP_BYTES / 4) {
      const min = floats[entry]!;
      const max = floats[entry + 4]!;
      if (!(floats[entry + 8]! <= FLOAT_MAX)) return null;
      const zeros = min === 0 && max === 0;
      const scale = zeros ? 0 : scaleOf(min, max, result.groups);
      result.groups++;
      if (zeros) result.zeroGroups++;
      result.sumSquares += doubles[entry / 2 + 6]! + doubles[entry / 2 + 7]!;
      // The group's number is counted already.
      const divisor = divisors ? divisors[result.groups - 1]! : scale;
      floats[entry] = zeros ? 1 : divisor;
      floats[entry + 1] = scale;
    }
    if (!out) continue;
    doubles.fill(0, ERROR / 8, ERROR / 8 + 2);
    round(DATA, end, 4 * size, GROUPS, CUTS + 16 * book.cuts.length);
    result.sumSquaredError += doubles[ERROR / 8]! + doubles[ERROR / 8 + 1]!;
    out.set(floats.subarray(DATA / 4, end / 4), from);
  }
  return result;
}

const FLOAT_MAX = (2 - 2 ** -23) * 2 ** 127;

/** The program with the levels and cuts of `book` in its memory. */
function programFor(book: Rounded): Program | null {
  const { levels, cuts } = book;
  // A cut at +0 would tell +0 from −0, which comparisons of floats do not.
  if (levels.length > LEVELS_MAX || cuts.includes(keyOf(0))) return null;
  program ??= instantiate();
  if (program === null || program.book === book) return program;
  const { floats, bytes: memory } = program;
  cuts.forEach((cut, i) => {
    floats.fill(floatOfKey(cut), CUTS / 4 + 4 * i, CUTS / 4 + 4 * i + 4);
  });
  const bytes = new Uint8Array(Float32Array.from(levels).buffer);
  bytes.forEach((byte, i) => {
    memory[PLANES + 16 * (i % 4) + (i >> 2)] = byte;
  });
  program.book = book;
  return program;
}

/** As much of the WebAssembly API as is needed: its types belong to Node and the DOM, which formats/ does without. */
interface WebAssemblyApi {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: Exports };
}

interface Exports extends Pick<Program, "measure" | "round" | "roundAndSum"> {
  memory: { buffer: ArrayBuffer };
}

function instantiate(): Program | null {
  const api = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;
  // Typed arrays read memory in the machine's order, WebAssembly always little-endian.
  if (api === undefined || new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) return null;
  const exports = compiled(api, programBytes());
  if (exports === null) return null;
  const { memory, measure, round, roundAndSum } = exports;
  const floats = new Float32Array(memory.buffer);
  const doubles = new Float64Array(memory.buffer);
  return { floats, doubles, bytes: new Uint8Array(memory.buffer), measure, round, roundAndSum, book: null };
}

/** Null without SIMD, and where a page's content security policy forbids to compile. */
function compiled({ Module, Instance }: WebAssemblyApi, code: Uint8Array): Exports | null {
  try {
    return new Instance(new Module(code)).exports;
  } catch {
    return null;
  }
}
