import type { Format } from "../../../formats/format.ts";
import { kernelsOf } from "../../../formats/groupFitter.ts";
import type { Graph } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { nearestLevel } from "../quantization/nearestLevel.ts";
import { nodes } from "../quantization/nodes.ts";
import { show, type Value } from "../value.ts";

interface Options {
  /** Of one codebook and one scale. */
  format: Format;
}

/**
 * Rounds float32 x with a scale [1] that is given, not found: what lies beyond the codebook's ends saturates. NaN and
 * infinity become NaN. The gradient is that of the identity, and none for the scale.
 */
const fakeQuantizeStaticOp: Op<Options, null> = {
  name: "FakeQuantizeStatic",
  forward(graph, [x, scale], { format }) {
    if (x!.type !== "float32" || scale!.shape.join() !== "1") {
      throw new Error(`internal: FakeQuantizeStatic of ${show(x!)} by ${show(scale!)}`);
    }
    const n = nodes(graph);
    const { book } = kernelsOf(format)[0]!;
    const level = nearestLevel(n, book, n.div(x!, scale!));
    return { output: n.add(n.mul(level, scale!), n.sub(x!, x!)), saved: null };
  },
  vjp: (_, { grad }) => [grad, null],
  samples: [],
};

export const fakeQuantizeStatic = (graph: Graph, x: Value, scale: Value, format: Format) =>
  apply(graph, fakeQuantizeStaticOp, [x, scale], { format });

export const fakeQuantizeStaticOps = [fakeQuantizeStaticOp];
