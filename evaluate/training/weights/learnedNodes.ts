import { blockingOf, type Format } from "../../../formats/index.ts";
import type { Kernel } from "../../../formats/kernel.ts";
import { apply, type Graph, input, type Op, type Value } from "../../graph/index.ts";
import { type Grouped, grouped } from "../../graph/quantization/groups.ts";
import { nearestLevel } from "../../graph/quantization/nearestLevel.ts";
import { type Nodes, nodes } from "../../graph/quantization/nodes.ts";
import { storedOffset, storedScale } from "../../graph/quantization/storedScale.ts";
import type { Matrix } from "./groupSpans.ts";
import { plainKernel, SCALE_MIN, slopesOfLearned } from "./learnedGrid.ts";
import type { WeightRule } from "./rule.ts";

interface Options {
  format: Format;
  kernel: Kernel;
  rule: WeightRule;
}

interface Saved {
  n: Nodes;
  blocks: Grouped;
  scale: Value;
  moved: Value;
  level: Value;
}

/** `learnedGrid` inside a graph: float32 weights [rows, cols], a scale and perhaps an offset for each group [lines, groups, 1]. */
const learnedRoundingOp: Op<Options, Saved> = {
  name: "LearnedRounding",
  forward(graph, [x, given, offset], { format, kernel }) {
    const n = nodes(graph);
    const blocks = grouped(n, format, x!);
    const away = n.where(n.atLeast(n.abs(given!), SCALE_MIN), given!, SCALE_MIN);
    const scale = n.cast(storedScale(n, format, n.cast(away, n.wide), kernel.unit, null), "float32");
    const shift = offset ? n.cast(storedOffset(n, format, n.cast(offset, n.wide), kernel.unit), "float32") : null;
    const moved = shift ? n.sub(blocks.values, shift) : blocks.values;
    const level = nearestLevel(n, kernel.book, n.div(moved, scale));
    const product = n.mul(level, scale);
    const output = blocks.restore(shift ? n.add(product, shift) : product);
    return { output, saved: { n, blocks, scale, moved, level } };
  },
  vjp(
    _,
    { grad, inputs: [x, , offset], saved: { n, blocks, scale, moved, level }, attributes: { format, kernel, rule } },
  ) {
    const { low, high, share, hasRatio } = slopesOfLearned(kernel, rule, x!.shape[0]! * x!.shape[1]!, "weights");
    const slopes = grouped(n, format, grad).values;
    const ratio = n.div(moved, scale);
    const within = n.cast(n.both(n.atLeast(ratio, low), n.atMost(ratio, high)), "float32");
    const inner = hasRatio ? n.sub(level, n.mul(within, ratio)) : level;
    const folded = (each: Value) => n.mul(n.sum(n.mul(slopes, each), [2]), share);
    return [
      rule.straightThrough === "clipped" ? blocks.restore(n.mul(slopes, within)) : grad,
      folded(inner),
      ...(offset ? [folded(n.sub(1, within))] : []),
    ];
  },
  samples: [],
};

/** Whether nodes can stand for the learned scales of a rule on these matrices: whole groups, and no more than codebook and scale. */
export function learnsInGraph(format: Format, rule: WeightRule, matrices: readonly Matrix[]): boolean {
  if (rule.latent !== "full" || rule.scale !== "learned" || rule.levels || typeof rule.straightThrough === "number")
    return false;
  plainKernel(format);
  return matrices.every(({ name, rows, cols }) => {
    const { length, size } = blockingOf(format, rows, cols, { name });
    return length % size === 0;
  });
}

/** The tensor `name` rounded by scales, and offsets, that are inputs `NAME:scale` and `NAME:offset` of the graph. */
export function learnedRounding(graph: Graph, name: string, x: Value, format: Format, rule: WeightRule): Value {
  const [rows, cols] = x.shape as [number, number];
  const { lines, groups } = blockingOf(format, rows, cols, { name });
  const perGroup = (part: string) => input(graph, `${name}:${part}`, "float32", [lines, groups / lines, 1]);
  const inputs = [x, perGroup("scale"), ...(rule.offset ? [perGroup("offset")] : [])];
  return apply(graph, learnedRoundingOp, inputs, { format, kernel: plainKernel(format), rule });
}
