import { UserError } from "../../formats/error.ts";
import { createSession, type Session } from "../engine/session.ts";
import { ANY, createGraph, type Graph, input, node, output } from "../graph/index.ts";
import { addChannels, emptyChannels, type Moments } from "./moments.ts";

/** Sums of moments over batches of inputs x [rows, columns], in float64; the products of one batch are the engine's, in float32. */
export interface MomentSums {
  /** `other` are the full-precision model's inputs, where their drift is asked for. */
  add(x: Float32Array, other: Float32Array | null): Promise<void>;
  /** Throws UserError naming the layers where the inputs were not finite. */
  moments(tokens: number, layers: readonly string[]): Moments;
}

/** Makes sums; a session of the engine for each number of columns serves them all. */
export function createMomentSums() {
  const sessions = new Map<number, Promise<Session>>();
  return {
    async of(columns: number, withDrift: boolean): Promise<MomentSums> {
      const opening = sessions.get(columns) ?? createSession(productGraph(columns), { keepMemory: false });
      sessions.set(columns, opening);
      return sumsOf(await opening, columns, withDrift);
    },
    async release() {
      for (const session of sessions.values()) await (await session).release();
    },
  };
}

function sumsOf(session: Session, columns: number, withDrift: boolean): MomentSums {
  const gram = new Float64Array(columns * columns);
  const drift = withDrift ? new Float64Array(columns * columns) : null;
  const part = new Float32Array(columns * columns);
  const channels = emptyChannels(columns);
  const addTo = async (into: Float64Array, a: Float32Array, b: Float32Array) => {
    const shape = [a.length / columns, columns];
    const product = { data: part, shape: [columns, columns] };
    await session.run({ a: { data: a, shape }, b: { data: b, shape } }, { product });
    for (let i = 0; i < into.length; i++) into[i]! += part[i]!;
  };
  return {
    async add(x, other) {
      await addTo(gram, x, x);
      if (other && drift) {
        const moved = other.map((value, i) => value - x[i]!);
        await addTo(drift, moved, x);
      }
      addChannels(channels, x, columns);
    },
    moments(tokens, layers) {
      for (const sum of drift ? [gram, drift, channels.absMean] : [gram, channels.absMean]) {
        for (let i = 0; i < sum.length; i++) sum[i]! /= tokens;
      }
      if (!channels.absMean.every(Number.isFinite) || !gram.every(Number.isFinite)) {
        throw new UserError(
          `calibration: the inputs of ${layers.join(", ")} are not finite; the model diverged before`,
        );
      }
      return { columns, tokens, gram, drift, ...channels };
    },
  };
}

/** aᵀ b of two [rows, columns] arrays. */
function productGraph(columns: number): Graph {
  const graph = createGraph();
  const [a, b] = ["a", "b"].map((name) => input(graph, name, "float32", [ANY, columns]));
  output(graph, "product", node(graph, "Gemm", [a!, b!], [columns, columns], { attributes: { transA: 1, transB: 0 } }));
  return graph;
}
