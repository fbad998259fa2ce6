import {
  addInt,
  type Code,
  doWhileBelow,
  get,
  instantiate,
  int,
  loadVector,
  set,
  splatFloat,
  storeVector,
  vector,
} from "../../../formats/simd/wasm.ts";

/** What gradients pass by in one group. */
export interface Reach {
  /** Weights from `least` to `most` are within reach. */
  least: number;
  most: number;
  offset: number;
  /** Factor of the gradient that passes. */
  slope: number;
}

const FLOAT = 4;
const LANES = 4;
const VECTOR = LANES * FLOAT;
/** Numbers of each operand in the program's memory at a time: with all three, half of a second-level cache. */
const HELD = 1 << 14;
const PAGE = 65536;
/** Behind them, room for the last numbers of groups that vectors do not divide. */
const STRIDE = (HELD + LANES) * FLOAT;
/** Addresses: a group's four factors and two masks, its two sums, then the operands. */
const [FACTORS, MASKS, SUMS, LATENT] = [0, VECTOR, 2 * VECTOR, 4 * VECTOR];
const [OUT, GRADIENT] = [LATENT + STRIDE, LATENT + 2 * STRIDE];
const PAGES = Math.ceil((GRADIENT + STRIDE) / PAGE);

interface Program {
  memory: { buffer: ArrayBuffer };
  slopes(at: number, end: number): void;
  shift(at: number, end: number): void;
}

let program: (Omit<Program, "memory"> & { floats: Float32Array; masks: Int32Array }) | null = null;

/**
 * What LSQ and LSQ+ (Esser et al. 2020, Bhalgat et al. 2020) need of groups with a scale and an offset, group g being the numbers from
 * `bounds[g]` to `bounds[g + 1]`: writes the gradient that passes to `dLatent` (may be `gradient`), and for each group
 * Σ gradient·(out − w) where w is within reach, where `hasRatio`, and Σ gradient·(out − offset) elsewhere, to `sums`, and
 * Σ gradient beyond reach to `offsets`. `passesAll`: also what lies beyond reach passes. Sums are of float32, in four lanes.
 */
export function learnedSlopes(
  { latent, out, gradient }: { latent: Float32Array; out: Float32Array; gradient: Float32Array },
  bounds: Uint32Array,
  setReach: (group: number, reach: Reach) => void,
  { hasRatio, passesAll }: { hasRatio: boolean; passesAll: boolean },
  { dLatent, sums, offsets }: { dLatent: Float32Array; sums: Float32Array; offsets: Float32Array },
): void {
  program ??= started();
  const { floats, masks, slopes } = program;
  masks[MASKS / FLOAT] = hasRatio ? -1 : 0;
  masks[MASKS / FLOAT + 1] = passesAll ? -1 : 0;
  sums.fill(0);
  offsets.fill(0);
  const reach: Reach = { least: 0, most: 0, offset: 0, slope: 0 };
  const total = (at: number) => floats[at]! + floats[at + 1]! + (floats[at + 2]! + floats[at + 3]!);
  for (let from = 0, group = 0; from < latent.length; from += HELD) {
    const to = Math.min(from + HELD, latent.length);
    floats.set(latent.subarray(from, to), LATENT / FLOAT);
    floats.set(out.subarray(from, to), OUT / FLOAT);
    floats.set(gradient.subarray(from, to), GRADIENT / FLOAT);
    // The last group of one part may go on in the next.
    for (; bounds[group]! < to; group++) {
      setReach(group, reach);
      floats[FACTORS / FLOAT] = reach.least;
      floats[FACTORS / FLOAT + 1] = reach.most;
      floats[FACTORS / FLOAT + 2] = reach.offset;
      floats[FACTORS / FLOAT + 3] = reach.slope;
      for (let i = SUMS / FLOAT; i < LATENT / FLOAT; i++) floats[i] = 0;
      const at = Math.max(bounds[group]!, from) - from;
      const end = Math.min(bounds[group + 1]!, to) - from;
      const whole = end - ((end - at) % LANES);
      if (whole > at) slopes(LATENT + at * FLOAT, LATENT + whole * FLOAT);
      if (end > whole) rest(floats, whole, end, slopes);
      sums[group]! += total(SUMS / FLOAT);
      offsets[group]! += total(SUMS / FLOAT + LANES);
      if (bounds[group + 1]! > to) break;
    }
    dLatent.set(floats.subarray(GRADIENT / FLOAT, GRADIENT / FLOAT + to - from), from);
  }
}

/** Adds `sign`·`shifts[g]` to each of `values` in group g, from `bounds[g]` to `bounds[g + 1]`; writes to `out` (may be `values`). */
export function shiftGroups(
  values: Float32Array,
  bounds: Uint32Array,
  shifts: Float32Array,
  sign: number,
  out: Float32Array,
): void {
  program ??= started();
  const { floats, shift } = program;
  for (let from = 0, group = 0; from < values.length; from += HELD) {
    const to = Math.min(from + HELD, values.length);
    floats.set(values.subarray(from, to), LATENT / FLOAT);
    for (; bounds[group]! < to; group++) {
      floats[FACTORS / FLOAT] = sign * shifts[group]!;
      const at = Math.max(bounds[group]!, from) - from;
      const end = Math.min(bounds[group + 1]!, to) - from;
      const whole = end - ((end - at) % LANES);
      if (whole > at) shift(LATENT + at * FLOAT, LATENT + whole * FLOAT);
      for (let i = LATENT / FLOAT + whole; i < LATENT / FLOAT + end; i++) floats[i]! += sign * shifts[group]!;
      if (bounds[group + 1]! > to) break;
    }
    out.set(floats.subarray(LATENT / FLOAT, LATENT / FLOAT + to - from), from);
  }
}

/** The last numbers of a group, fewer than a vector has: behind them stand gradients of 0. */
function rest(floats: Float32Array, from: number, end: number, slopes: Program["slopes"]): void {
  const room = LATENT + HELD * FLOAT;
  floats.fill(0, (GRADIENT + HELD * FLOAT) / FLOAT, (GRADIENT + STRIDE) / FLOAT);
  for (const operand of [LATENT, OUT, GRADIENT])
    floats.copyWithin(operand / FLOAT + HELD, operand / FLOAT + from, operand / FLOAT + end);
  slopes(room, room + VECTOR);
  floats.copyWithin(GRADIENT / FLOAT + from, GRADIENT / FLOAT + HELD, GRADIENT / FLOAT + HELD + end - from);
}

function started() {
  const { memory, slopes, shift } = instantiate<Program>(PAGES, [passing(), shifting()]);
  return { slopes, shift, floats: new Float32Array(memory.buffer), masks: new Int32Array(memory.buffer) };
}

/** Over latent weights from `at` to `end`, all of one group; the others lie beside them. */
function passing() {
  const [at, end] = [0, 1];
  const [least, most, offset, slope, ratio, all] = [2, 3, 4, 5, 6, 7];
  const [sum, beyond, w, gradient, within] = [8, 9, 10, 11, 12];
  const splat = (address: number) => splatFloat(int(0), address);
  const and = (a: Code, b: Code) => vector("and", a, b);
  const body = [
    ...[least, most, offset, slope].flatMap((local, i) => set(local, splat(FACTORS + FLOAT * i))),
    ...[ratio, all].flatMap((local, i) => set(local, splat(MASKS + FLOAT * i))),
    ...[sum, beyond].flatMap((local, i) => set(local, loadVector(int(0), SUMS + VECTOR * i))),
    ...doWhileBelow(
      at,
      end,
      set(w, loadVector(get(at))),
      set(gradient, loadVector(get(at), GRADIENT - LATENT)),
      set(within, and(vector("f32x4Ge", get(w), get(least)), vector("f32x4Le", get(w), get(most)))),
      set(beyond, vector("f32x4Add", get(beyond), vector("andNot", get(gradient), get(within)))),
      // From here on `w` is what is taken from the rounded weight.
      set(w, vector("bitSelect", get(w), get(offset), and(get(within), get(ratio)))),
      set(
        sum,
        vector(
          "f32x4Add",
          get(sum),
          vector("f32x4Mul", get(gradient), vector("f32x4Sub", loadVector(get(at), OUT - LATENT), get(w))),
        ),
      ),
      storeVector(
        get(at),
        GRADIENT - LATENT,
        vector("f32x4Mul", get(slope), and(get(gradient), vector("or", get(within), get(all)))),
      ),
      set(at, addInt(get(at), int(VECTOR))),
    ),
    ...[sum, beyond].flatMap((local, i) => storeVector(int(0), SUMS + VECTOR * i, get(local))),
  ];
  return { name: "slopes", parameters: 2, ints: 0, vectors: 11, body };
}

function shifting() {
  const [at, end, by] = [0, 1, 2];
  const body = [
    ...set(by, splatFloat(int(0), FACTORS)),
    ...doWhileBelow(
      at,
      end,
      storeVector(get(at), 0, vector("f32x4Add", loadVector(get(at)), get(by))),
      set(at, addInt(get(at), int(VECTOR))),
    ),
  ];
  return { name: "shift", parameters: 2, ints: 0, vectors: 1, body };
}
