import type { Book } from "../../../formats/book.ts";
import type { TieRule } from "../../../formats/element.ts";
import { floatOfKey } from "../../../formats/floatKeys.ts";
import type { Value } from "../value.ts";
import type { Nodes } from "./nodes.ts";

/**
 * The level nearest to float32 `y`, ties as the book has them: exactly `levels[nearestRank(book, y)]` of every y that is
 * not NaN. Three ways, the fastest that is exact for the book (`npm run bench activations`): arithmetic where the levels are
 * those of a small float or evenly spaced, else look-ups, or one comparison and one choice a cut.
 */
export function nearestLevel(n: Nodes, book: Book, y: Value): Value {
  const spacing = spacings(book).find((each) => isExact(book, each));
  if (spacing) return onSpacing(n, book, spacing, y);
  // Devices without float64 are GPUs: there comparisons cost nothing, and look-ups do.
  const buckets = n.wide === "float64" && book.levels.length > CHAIN_MAX ? bucketsOf(book) : null;
  return buckets ? lookedUp(n, book, buckets, y) : chain(n, book, y);
}

/** Below about so many levels comparisons with all of them cost less. */
const CHAIN_MAX = 10;

/**
 * Levels of a float with `fraction` bits after the leading one and equal steps below 2^minExponent, cut off at the ends;
 * with minExponent at the largest level they are evenly spaced.
 */
interface Spacing {
  fraction: number;
  minExponent: number;
  ties: TieRule;
}

/** The spacings worth a try: those whose smallest step is the book's smallest. */
function spacings({ levels, low, high }: Book): Spacing[] {
  const step = levels.reduce(
    (least, level, i) => (i === 0 ? least : Math.min(least, level - levels[i - 1]!)),
    Infinity,
  );
  const top = Math.floor(Math.log2(Math.max(low, high)));
  return (["even", "up", "down", "away", "zero"] as const).flatMap((ties) =>
    Array.from({ length: 8 }, (_, fraction) => ({
      fraction,
      minExponent: Math.round(Math.log2(step)) + fraction,
      ties,
    })).map((each) => ({ ...each, minExponent: Math.min(each.minExponent, top) })),
  );
}

/** Whether arithmetic gives the right level on both sides of every cut: it is monotonic, so that settles all between. */
function isExact(book: Book, spacing: Spacing): boolean {
  const { levels, cuts } = book;
  return cuts.every(
    (cut, rank) =>
      spaced(book, spacing, floatOfKey(cut)) === levels[rank + 1] &&
      spaced(book, spacing, floatOfKey(cut - 1)) === levels[rank],
  );
}

/** What the nodes of `onSpacing` compute, in float32. */
function spaced(book: Book, { fraction, minExponent, ties }: Spacing, y: number): number {
  const clipped = Math.min(Math.max(y, -bottom(book)), book.levels.at(-1)!);
  const exponent = clipped === 0 ? minExponent : Math.max(Math.floor(Math.log2(Math.abs(clipped))), minExponent);
  const step = 2 ** (exponent - fraction);
  return Math.fround(roundedTo(clipped / step, ties) * step) + 0;
}

function bottom({ levels }: Book): number {
  return -levels[0]!;
}

function roundedTo(t: number, ties: TieRule): number {
  const below = Math.floor(t);
  if (t - below !== 0.5) return Math.round(t);
  if (ties === "even") return below % 2 === 0 ? below : below + 1;
  return ties === "up" || (ties === "away" && t > 0) || (ties === "zero" && t < 0) ? below + 1 : below;
}

function onSpacing(n: Nodes, book: Book, { fraction, minExponent, ties }: Spacing, y: Value): Value {
  const clipped = n.clip(y, -bottom(book), book.levels.at(-1)!);
  const top = Math.floor(Math.log2(Math.max(book.low, book.high)));
  if (minExponent >= top) {
    const step = 2 ** (minExponent - fraction);
    if (step === 1) return roundTies(n, clipped, ties);
    return n.mul(roundTies(n, n.div(clipped, step), ties), step);
  }
  const power = n.max(powerBelow(n, n.abs(clipped)), 2 ** minExponent);
  const step = fraction === 0 ? power : n.mul(power, 2 ** -fraction);
  return n.mul(roundTies(n, n.div(clipped, step), ties), step);
}

/** The nearest integer. */
export function roundTies(n: Nodes, t: Value, ties: TieRule): Value {
  if (ties === "even") return n.round(t);
  if (ties === "away" || ties === "zero") {
    const size = roundTies(n, n.abs(t), ties === "away" ? "up" : "down");
    return n.mul(size, n.sign(t));
  }
  // What rounding took is exact, and ±½ only at a tie that the even rule sent the other way.
  const even = n.round(t);
  const rest = n.sub(t, even);
  return ties === "up"
    ? n.add(even, n.cast(n.atLeast(rest, 0.5), t.type))
    : n.sub(even, n.cast(n.atMost(rest, -0.5), t.type));
}

/**
 * 2^⌊log2 x⌋ of x ≥ 0, and 0 of 0. Veltkamp's splitting rounds to one significant bit: the power of two at or next above.
 * Exact while x·2^p does not overflow and is not subnormal, p being the type's precision.
 */
export function powerBelow(n: Nodes, x: Value): Value {
  const scaled = n.mul(x, 2 ** (x.type === "float64" ? 52 : 23) + 1);
  const near = n.sub(scaled, n.sub(scaled, x));
  return n.where(n.greater(near, x), n.mul(near, 0.5), near);
}

function chain(n: Nodes, { levels, cuts }: Book, y: Value): Value {
  return [...cuts].reduce<Value | number>(
    (level, cut, rank) => n.where(reaches(n, y, cut), levels[rank + 1]!, level),
    levels[0]!,
  ) as Value;
}

/** y ≥ the number of `cut`, without comparing to a subnormal one, which GPUs take for 0. */
function reaches(n: Nodes, y: Value, cut: number): Value {
  return cut === 1 ? n.greater(y, 0) : n.atLeast(y, floatOfKey(cut) + 0);
}

/** Buckets of equal width over the levels, a power of two of them, such that none holds more than one cut. */
interface Buckets {
  count: number;
  /** Buckets a unit. */
  density: number;
  /** The bucket of each cut: increasing. */
  ofCuts: readonly number[];
}

/** Tables of up to 2^16 numbers stay in a core's cache. */
const BUCKETS_MAX = 2 ** 16;

function bucketsOf({ levels, cuts }: Book): Buckets | null {
  const [low, high] = [levels[0]!, levels.at(-1)!];
  for (let count = 32; count <= BUCKETS_MAX; count *= 2) {
    const density = Math.fround((count - 1) / (high - low));
    const ofCuts = Array.from(cuts, (cut) => Math.floor(Math.fround(Math.fround(floatOfKey(cut) - low) * density)));
    if (ofCuts.every((bucket, rank) => rank === 0 || bucket > ofCuts[rank - 1]!)) return { count, density, ofCuts };
  }
  return null;
}

/**
 * A table tells each bucket's cut, if it has one, another the level on either side of it. Exact, since subtraction and product in
 * float32 keep the order of numbers: whatever lies in a lower bucket than a cut is below it. Two look-ups cost less than
 * comparisons with every cut, whose choices no processor foresees.
 */
function lookedUp(n: Nodes, { levels, cuts }: Book, { count, density, ofCuts }: Buckets, y: Value): Value {
  const cutOf = new Float32Array(count + 1).fill(Number.POSITIVE_INFINITY);
  const sides = new Float32Array(2 * (count + 1));
  let rank = 0;
  for (let bucket = 0; bucket <= count; bucket++) {
    sides[2 * bucket] = levels[rank]!;
    if (bucket === ofCuts[rank]) cutOf[bucket] = floatOfKey(cuts[rank++]!);
    sides[2 * bucket + 1] = levels[rank]!;
  }
  const [low, high] = [levels[0]!, levels.at(-1)!];
  const place = n.mul(n.sub(n.clip(y, low, high), low), density);
  // NaN is no bucket's: the clip of integers sends it to an end, and its scale makes it NaN again.
  const bucket = n.clip(n.cast(place, "int32"), 0, count);
  const above = n.cast(n.atLeast(y, n.lookUp(cutOf, bucket)), "int32");
  return n.lookUp(sides, n.add(n.mul(bucket, 2), above));
}
