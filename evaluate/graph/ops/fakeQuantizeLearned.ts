import type { Format } from "../../../formats/format.ts";
import { kernelsOf } from "../../../formats/groupFitter.ts";
import type { Graph } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { nearestLevel } from "../quantization/nearestLevel.ts";
import { type Nodes, nodes } from "../quantization/nodes.ts";
import { show, size, type Value } from "../value.ts";

interface Options {
  /** Of one codebook and one scale. */
  format: Format;
  /** Levels count from the lowest, for what is never negative: {−1, 0, 1} is {0, 1, 2}. */
  unsigned: boolean;
}

interface Saved {
  n: Nodes;
  ratio: Value;
  level: Value;
}

/** A scale that training drives to zero or below would end its layer. */
const SCALE_MIN = 2 ** -20;

/**
 * Rounds float32 x with a scale [1] that is learned with it: LSQ (Esser et al. 2020), the elastic function of binary and
 * ternary transformers (Liu et al., ACL 2023). ∂/∂x is 1 within the levels' reach and 0 beyond; ∂/∂s is level − x/s within reach
 * and the level beyond, over √(numbers of x · largest level). That of two levels is the level everywhere.
 */
const fakeQuantizeLearnedOp: Op<Options, Saved> = {
  name: "FakeQuantizeLearned",
  forward(graph, [x, scale], { format, unsigned }) {
    if (x!.type !== "float32" || scale!.shape.join() !== "1")
      throw new Error(`internal: FakeQuantizeLearned of ${show(x!)} by ${show(scale!)}`);
    const n = nodes(graph);
    const { book } = kernelsOf(format)[0]!;
    const lowest = unsigned ? book.levels[0]! : 0;
    const safe = n.max(scale!, SCALE_MIN);
    const ratio = n.div(x!, safe);
    const level = n.sub(nearestLevel(n, book, n.add(ratio, lowest)), lowest);
    return { output: n.add(n.mul(level, safe), n.sub(x!, x!)), saved: { n, ratio, level } };
  },
  vjp(_, { grad, inputs: [x], saved: { n, ratio, level }, attributes: { format, unsigned } }) {
    const { levels } = kernelsOf(format)[0]!.book;
    const [low, high] = endsOf(levels, unsigned);
    const within = n.cast(n.both(n.atLeast(ratio, low), n.atMost(ratio, high)), "float32");
    const slope = levels.length > 2 ? n.sub(level, n.mul(ratio, within)) : level;
    const axes = [...x!.shape.keys()];
    const sum = n.reshape(n.sum(n.mul(grad, slope), axes), [1]);
    return [n.mul(grad, within), n.mul(sum, 1 / Math.sqrt(size(x!.shape) * high))];
  },
  samples: [],
};

/** The lowest and the highest level, counted as `unsigned` says. */
export function endsOf(levels: ArrayLike<number>, unsigned: boolean): readonly [low: number, high: number] {
  const [low, high] = [levels[0]!, levels[levels.length - 1]!];
  return unsigned ? [0, high - low] : [low, high];
}

export const fakeQuantizeLearned = (graph: Graph, x: Value, scale: Value, options: Options) =>
  apply(graph, fakeQuantizeLearnedOp, [x, scale], options);

export const fakeQuantizeLearnedOps = [fakeQuantizeLearnedOp];
