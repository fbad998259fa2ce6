import {
  addInt,
  type Code,
  doWhileBelow,
  get,
  instantiate,
  int,
  loadVector,
  set,
  shuffle,
  storeVector,
  vector,
  type WasmFunction,
} from "../../formats/simd/wasm.ts";

/** Pairs of numbers in the program's memory at a time, in float64: 64 kB, and as much for the floats they come from. */
const HELD = 4096;
const PAIR = 16;
const FLOAT = 4;
const PAGE = 65536;
/** Addresses: the factor of all that comes out, twice; the floats; the pairs. */
const [FACTOR, FLOATS] = [0, PAIR];
const PAIRS = FLOATS + 2 * HELD * FLOAT;

interface Program {
  floats: Float32Array;
  doubles: Float64Array;
  spread(a: number, end: number, b: number, to: number): void;
  gather(a: number, end: number, b: number, from: number): void;
  radix4(from: number, end: number, half: number, three: number): void;
  radix2(from: number, end: number, half: number): void;
}

let program: Program | null = null;

/**
 * Multiplies each run of `power` numbers by Sylvester's matrix, two runs of `size` side by side in the lanes of a vector, lets `mix` change the
 * pairs of a run where there is one, and multiplies by `norm`: the same sums in float64, in the same order, as one run at a
 * time. In place. Gives how many numbers it did: from there on the caller goes on (an odd run, or a size that does not serve).
 */
export function sylvesterPairs(
  x: Float32Array,
  size: number,
  power: number,
  norm: number,
  mix: ((pairs: Float64Array) => void) | null,
): number {
  const pairs = Math.floor(x.length / size / 2);
  if (pairs === 0 || size % 4 !== 0 || size > HELD) return 0;
  program ??= started();
  const { floats, doubles, spread, gather, radix4, radix2 } = program;
  doubles.fill(norm, FACTOR / 8, FACTOR / 8 + 2);
  const [bytes, runs] = [size * FLOAT, Math.floor(HELD / size)];
  for (let pair = 0; pair < pairs; pair += runs) {
    const count = Math.min(runs, pairs - pair);
    const end = PAIRS + count * size * PAIR;
    const own = x.subarray(2 * pair * size, 2 * (pair + count) * size);
    floats.set(own, FLOATS / FLOAT);
    const each = (act: Program["spread"]) => {
      for (let k = 0; k < count; k++) {
        const a = FLOATS + 2 * k * bytes;
        act(a, a + bytes, a + bytes, PAIRS + k * size * PAIR);
      }
    };
    each(spread);
    let half = 1;
    for (; 2 * half < power; half *= 4) radix4(PAIRS, end, half * PAIR, 3 * half * PAIR);
    if (half < power) radix2(PAIRS, end, half * PAIR);
    for (let k = 0; mix && k < count; k++) {
      const at = (PAIRS + k * size * PAIR) / 8;
      mix(doubles.subarray(at, at + 2 * size));
    }
    each(gather);
    own.set(floats.subarray(FLOATS / FLOAT, FLOATS / FLOAT + own.length));
  }
  return 2 * pairs * size;
}

/** Numbers of `a` and of `b` side by side, in float64. */
function spreading(): WasmFunction {
  const [a, end, b, to, x, y, both] = [0, 1, 2, 3, 4, 5, 6];
  const halves = (lanes: readonly number[], at: number): Code => [
    ...set(both, shuffle(get(x), get(y), lanes)),
    ...storeVector(get(to), at, vector("promoteLow", get(both))),
    ...storeVector(get(to), at + PAIR, vector("promoteLow", shuffle(get(both), get(both), UPPER))),
  ];
  const body = doWhileBelow(
    a,
    end,
    set(x, loadVector(get(a))),
    set(y, loadVector(get(b))),
    halves(words(0, 4, 1, 5), 0),
    halves(words(2, 6, 3, 7), 2 * PAIR),
    step(a, PAIR),
    step(b, PAIR),
    step(to, 4 * PAIR),
  );
  return { name: "spread", parameters: 4, ints: 0, vectors: 3, body };
}

/** The same back, multiplied by the factor. */
function gathering(): WasmFunction {
  const [a, end, b, from, factor, low, high] = [0, 1, 2, 3, 4, 5, 6];
  const rounded = (at: number) => vector("demoteZero", vector("f64x2Mul", loadVector(get(from), at), get(factor)));
  const body = [
    ...set(factor, loadVector(int(FACTOR))),
    ...doWhileBelow(
      a,
      end,
      set(low, shuffle(rounded(0), rounded(PAIR), words(0, 4, 1, 5))),
      set(high, shuffle(rounded(2 * PAIR), rounded(3 * PAIR), words(0, 4, 1, 5))),
      storeVector(get(a), 0, shuffle(get(low), get(high), words(0, 1, 4, 5))),
      storeVector(get(b), 0, shuffle(get(low), get(high), words(2, 3, 6, 7))),
      step(a, PAIR),
      step(b, PAIR),
      step(from, 4 * PAIR),
    ),
  ];
  return { name: "gather", parameters: 4, ints: 0, vectors: 3, body };
}

/** Two stages of the transform, of numbers `half` bytes apart; `three` is three times that. */
function radix4(): WasmFunction {
  const [at, end, half, three, stop, a, b, c, d] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const second = addInt(get(at), get(half));
  const third = addInt(second, get(half));
  const fourth = addInt(get(at), get(three));
  const sum = (x: number, y: number) => vector("f64x2Add", get(x), get(y));
  const difference = (x: number, y: number) => vector("f64x2Sub", get(x), get(y));
  const body = doWhileBelow(
    at,
    end,
    set(stop, addInt(get(at), get(half))),
    doWhileBelow(
      at,
      stop,
      set(a, vector("f64x2Add", loadVector(get(at)), loadVector(second))),
      set(b, vector("f64x2Sub", loadVector(get(at)), loadVector(second))),
      set(c, vector("f64x2Add", loadVector(third), loadVector(fourth))),
      set(d, vector("f64x2Sub", loadVector(third), loadVector(fourth))),
      storeVector(get(at), 0, sum(a, c)),
      storeVector(second, 0, sum(b, d)),
      storeVector(third, 0, difference(a, c)),
      storeVector(fourth, 0, difference(b, d)),
      step(at, PAIR),
    ),
    set(at, addInt(get(at), get(three))),
  );
  return { name: "radix4", parameters: 4, ints: 1, vectors: 4, body };
}

/** One stage. */
function radix2(): WasmFunction {
  const [at, end, half, stop, a, b] = [0, 1, 2, 3, 4, 5];
  const second = addInt(get(at), get(half));
  const body = doWhileBelow(
    at,
    end,
    set(stop, second),
    doWhileBelow(
      at,
      stop,
      set(a, loadVector(get(at))),
      set(b, loadVector(second)),
      storeVector(get(at), 0, vector("f64x2Add", get(a), get(b))),
      storeVector(second, 0, vector("f64x2Sub", get(a), get(b))),
      step(at, PAIR),
    ),
    set(at, second),
  );
  return { name: "radix2", parameters: 3, ints: 1, vectors: 2, body };
}

const step = (local: number, bytes: number) => set(local, addInt(get(local), int(bytes)));
/** Lanes of a shuffle that takes these of eight words: 0 … 3 are the first vector's. */
const words = (...taken: number[]) => taken.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte));
const UPPER = words(2, 3, 2, 3);

function started(): Program {
  const pages = Math.ceil((PAIRS + HELD * PAIR) / PAGE);
  const { memory, ...functions } = instantiate<
    Omit<Program, "floats" | "doubles"> & { memory: { buffer: ArrayBuffer } }
  >(pages, [spreading(), gathering(), radix4(), radix2()]);
  return { ...functions, floats: new Float32Array(memory.buffer), doubles: new Float64Array(memory.buffer) };
}
