import type { Book } from "../../../formats/book.ts";
import type { Format } from "../../../formats/format.ts";
import { kernelsOf } from "../../../formats/groupFitter.ts";
import type { Graph } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { type FitValues, groupFits, requireFittable } from "../quantization/groupFit.ts";
import { type Grouped, grouped } from "../quantization/groups.ts";
import { roundHif4 } from "../quantization/hif4.ts";
import { nearestLevel, roundTies } from "../quantization/nearestLevel.ts";
import { type Nodes, nodes } from "../quantization/nodes.ts";
import { show, type Value } from "../value.ts";

/**
 * What the gradient of rounding is taken to be, scales held fixed: that of the identity; the same, but 0 where a number
 * saturates, which is more than half a step beyond the last level (as in torch.fake_quantize: the largest number of a group
 * does not saturate because its scale was rounded down); or 0 for |x| of `box` and more, whatever the scale (LLM-QAT's
 * code, 2 to 2.5).
 */
export type RoundingGradient = "identity" | "clipped" | { readonly box: number };

export interface FakeQuantizeOptions {
  format: Format;
  gradient: RoundingGradient;
  /** Each row is a matrix of its own: a format's second level of scales, or its one group, is a row's. */
  apart: boolean;
}

interface Saved {
  n: Nodes;
  blocks: Grouped;
  /** 1 where a number is within the codebook's range: made when asked for. */
  inRange(): Value;
}

/**
 * Quantizes and dequantizes float32 x [n, k] in a format, scales found from x: bit for bit what `fakeQuantize` of formats/
 * makes of the matrix. A group that holds NaN or infinity, or needs a scale above its store's range, becomes NaN.
 * Where a provider has no float64 (`Graph.wide`), a scale may differ in the last bit of its store, and a number at the middle
 * between two levels may go to the other one. `forward` throws UserError for formats that nodes cannot fit: `requireFittable`.
 */
const fakeQuantizeOp: Op<FakeQuantizeOptions, Saved> = {
  name: "FakeQuantize",
  forward(graph, [x], { format, apart }) {
    if (x!.shape.length !== 2 || x!.type !== "float32") throw new Error(`internal: FakeQuantize of ${show(x!)}`);
    requireFittable(format);
    const n = nodes(graph);
    const blocks = grouped(n, apart && format.group === "tensor" ? { ...format, group: "row" } : format, x!);
    const best = format.coder === "hif4" ? hif4(n, format, blocks) : fitted(n, format, blocks, apart);
    return { output: blocks.restore(best.output), saved: { n, blocks, inRange: best.inRange } };
  },
  vjp(_, { grad, inputs: [x], saved: { n, blocks, inRange }, attributes: { gradient } }) {
    if (gradient === "identity") return [grad];
    if (gradient === "clipped") return [n.mul(grad, n.cast(blocks.restore(inRange()), grad.type))];
    return [n.mul(grad, n.cast(n.less(n.abs(x!), gradient.box), grad.type))];
  },
  samples: [],
};

interface RoundedBy {
  /** [lines, groups, length] */
  output: Value;
  /** The same shape, float32. */
  inRange(): Value;
}

function fitted(n: Nodes, format: Format, blocks: Grouped, apart: boolean): RoundedBy {
  const fits = groupFits(n, format, blocks, apart).map((fit) => roundBy(n, fit, format, blocks.values));
  return fits.length === 1 ? fits[0]! : leastError(n, format, blocks, fits);
}

function hif4(n: Nodes, format: Format, blocks: Grouped): RoundedBy {
  const [kernel] = kernelsOf(format);
  const { output, quotient } = roundHif4(n, blocks, kernel!);
  return {
    output: n.add(output, zeroOrNaN(n, blocks.values)),
    inRange: () => within(n, kernel!.book, quotient),
  };
}

/** 0 for each group, or NaN where a number of it is not finite; added, it also turns −0 into 0. */
function zeroOrNaN(n: Nodes, values: Value): Value {
  return n.abs(n.sum(n.mul(values, 0), [2]));
}

/** 1 where a quotient is no more than half a step beyond the codebook's ends. */
function within(n: Nodes, { levels, step }: Book, quotient: Value): Value {
  const lowest = levels[0]! - (levels[1]! - levels[0]!) / 2;
  const highest = levels.at(-1)! + step / 2;
  return n.cast(n.both(n.atLeast(quotient, lowest), n.atMost(quotient, highest)), "float32");
}

/** `scaledCoder.round` of formats/. */
function roundBy(n: Nodes, fit: FitValues, format: Format, values: Value): RoundedBy {
  const { kernel, scale, lower, offset, zeroPoint } = fit;
  const { book } = kernel;
  const quotient = quotientOf(n, fit, values);
  const level = zeroPoint
    ? n.clip(n.add(roundTies(n, quotient, format.tie), zeroPoint), -book.low, book.high)
    : nearestLevel(n, book, quotient);
  const factor = lower ? n.where(n.less(level, 0), lower, scale) : scale;
  const shifted = zeroPoint ? n.sub(level, zeroPoint) : level;
  const product = offset
    ? n.cast(n.add(n.mul(n.cast(shifted, n.wide), n.cast(factor, n.wide)), offset), "float32")
    : n.mul(shifted, factor);
  return {
    output: n.add(product, zeroOrNaN(n, values)),
    inRange: () => within(n, book, zeroPoint ? n.add(quotient, zeroPoint) : quotient),
  };
}

/** Float32 (x − shift − offset)/divisor, computed in float64 where float32 would round twice. */
function quotientOf(n: Nodes, { scale, lower, divisor, shift, offset }: FitValues, values: Value): Value {
  const wide = shift !== null || offset !== null || divisor.type === "float64";
  let moved = wide ? n.cast(values, n.wide) : values;
  if (shift) moved = n.sub(moved, shift);
  if (offset) moved = n.sub(moved, offset);
  const typed = (x: Value) => n.cast(x, moved.type);
  const below = lower && n.where(n.equal(lower, scale), typed(divisor), typed(lower));
  const by = below ? n.where(n.less(moved, 0), below, typed(divisor)) : typed(divisor);
  return n.cast(n.div(moved, by), "float32");
}

/** Of each group the rounding of least error, the first of equals, errors added in the order of formats/. */
function leastError(n: Nodes, format: Format, { values, own }: Grouped, fits: readonly RoundedBy[]): RoundedBy {
  const objective = format.selector?.objective ?? "mse";
  const exact = n.cast(values, n.wide);
  const errorOf = ({ output }: RoundedBy) => {
    const all = n.abs(n.sub(n.cast(output, n.wide), exact));
    const each = own ? n.mul(all, own) : all;
    if (objective === "maxerr") return n.largest(each, [2]);
    return n.sumInOrder(objective === "mse" ? n.mul(each, each) : each);
  };
  const [first, ...others] = fits.map((fit) => ({ ...fit, error: errorOf(fit) }));
  return others.reduce((best, other) => {
    const better = n.less(other.error, best.error);
    return {
      error: n.where(better, other.error, best.error),
      output: n.where(better, other.output, best.output),
      inRange: () => n.where(better, other.inRange(), best.inRange()),
    };
  }, first!);
}

/** A value that passes in the forward direction as rounded in `options.format`, with the gradient rule it declares. */
export const fakeQuantize = (
  graph: Graph,
  x: Value,
  { format, gradient = "identity", apart = false }: Pick<FakeQuantizeOptions, "format"> & Partial<FakeQuantizeOptions>,
) => apply(graph, fakeQuantizeOp, [x], { format, gradient, apart });

export const fakeQuantizeOps = [fakeQuantizeOp];
