import type { Book } from "../../../formats/book.ts";
import type { TieRule } from "../../../formats/element.ts";
import { floatOfKey } from "../../../formats/floatKeys.ts";
import type { Value } from "../value.ts";
import type { Nodes } from "./nodes.ts";

/**
 * The level nearest to float32 `y`, ties as the book has them: exactly `levels[nearestRank(book, y)]` of every y that is
 * not NaN. Three ways, the fastest that is exact for the book (`npm run bench activations`): arithmetic where the levels are
 * those of a small float or evenly spaced, one comparison and one choice a cut (three times as long for 16 levels), a search
 * tree where there are many (eight times, whatever their number; an operator that GPUs do not have).
 */
export function nearestLevel(n: Nodes, book: Book, y: Value): Value {
  const spacing = spacings(book).find((each) => isExact(book, each));
  if (spacing) return onSpacing(n, book, spacing, y);
  return book.levels.length <= CHAIN_MAX || n.wide === "float32" ? chain(n, book, y) : tree(n, book, y);
}

/** From about so many levels on a tree of comparisons is faster than all of them. */
const CHAIN_MAX = 48;

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

interface TreeNode {
  /** Null of a leaf. */
  cut: number | null;
  level: number;
  above: number;
  below: number;
}

function tree(n: Nodes, { levels, cuts }: Book, y: Value): Value {
  const all: TreeNode[] = [];
  const grow = (from: number, to: number): number => {
    const made: TreeNode = { cut: null, level: 0, above: 0, below: 0 };
    const index = all.push(made) - 1;
    if (from === to) made.level = levels[from]!;
    else {
      const middle = (from + to) >> 1;
      made.cut = floatOfKey(cuts[middle]!) + 0;
      made.above = grow(middle + 1, to);
      made.below = grow(from, middle);
    }
    return index;
  };
  grow(0, levels.length - 1);
  const leaves = all.flatMap(({ cut }, index) => (cut === null ? [index] : []));
  return n.treeEnsemble(y, {
    n_targets: 1,
    nodes_treeids: all.map(() => 0),
    nodes_nodeids: all.map((_, index) => index),
    nodes_featureids: all.map(() => 0),
    nodes_modes: { strings: all.map(({ cut }) => (cut === null ? "LEAF" : "BRANCH_GTE")) },
    nodes_values: { floats: all.map(({ cut }) => cut ?? 0) },
    nodes_truenodeids: all.map(({ above }) => above),
    nodes_falsenodeids: all.map(({ below }) => below),
    target_treeids: leaves.map(() => 0),
    target_nodeids: leaves,
    target_ids: leaves.map(() => 0),
    target_weights: { floats: leaves.map((index) => all[index]!.level) },
  });
}
