import { createResidence } from "../engine/residence.ts";
import { createSession, type HostTensor, type SessionOptions } from "../engine/session.ts";
import { equalParts, shrinking, type Warn } from "../engine/shrink.ts";
import {
  createGraph,
  crossEntropy,
  exp,
  type Graph,
  input,
  ints,
  logSoftmax,
  neg,
  node,
  output,
  type Value,
} from "../graph/index.ts";
import { type ModelConfig, modelLogits } from "../model/architectures/index.ts";
import { fillBatch, type TokenWindows } from "./batches.ts";
import type { Gamma } from "./recipe.ts";
import type { TeacherSource } from "./studentGraph.ts";

/** Who a student learns from. */
export interface Teacher {
  readonly source: TeacherSource;
  /** Inputs that a student's graph of `rows` predictions needs from it; kept between steps. */
  feeds(rows: number): Record<string, HostTensor>;
  /** Makes what `feeds` gave hold the teacher's logits for these windows. */
  load(data: TokenWindows, chosen: readonly number[]): Promise<void>;
  /** γ of CAKLD from the first `GAMMA_BATCHES` batches of the data. */
  gamma(kind: Gamma, data: TokenWindows, batch: number): Promise<number>;
  release(): Promise<void>;
}

/** BitDistiller's default `cakld_steps`. */
export const GAMMA_BATCHES = 10;

export interface TeacherOptions extends SessionOptions {
  readonly warn?: Warn;
}

type Weights = ReadonlyMap<string, Float32Array>;
type Shapes = ReadonlyMap<string, readonly number[]>;

/** A teacher whose weights run in the student's own graph: nothing is stored, its forward is part of each step. */
export function graphTeacher(
  config: ModelConfig,
  shapes: Shapes,
  weights: Weights,
  options: TeacherOptions = {},
): Teacher {
  return {
    source: "graph",
    feeds: () =>
      Object.fromEntries([...shapes].map(([name, shape]) => [`teacher/${name}`, { data: weights.get(name)!, shape }])),
    load: async () => {},
    gamma: (kind, data, batch) => confidence(config, shapes, weights, kind, data, batch, options),
    release: async () => {},
  };
}

/**
 * How sure a model is of a text: its mean probability of the next token (`label`, as the paper has it) or of its favourite
 * (`maxprob`), over the first batches. BitDistiller's code (`maxprob-code`) adds one batch more than it divides by.
 */
export async function confidence(
  config: ModelConfig,
  shapes: Shapes,
  weights: Weights,
  kind: Gamma,
  data: TokenWindows,
  batch: number,
  { warn, ...engine }: TeacherOptions,
): Promise<number> {
  const [scored, time] = [Math.min(batch, data.count), data.context - 1];
  const compiled = shrinking(
    "the teacher's confidence",
    scored,
    (size) => surenessSession(config, shapes, kind, size, time, engine),
    warn,
    equalParts,
  );
  const residence = createResidence(engine);
  const placed = await residence.place(weights, shapes);
  const wanted = GAMMA_BATCHES + (kind === "maxprob-code" ? 1 : 0);
  const batches = Math.min(wanted, Math.floor(data.count / scored));
  let sum = 0;
  try {
    for (let from = 0; from < batches * scored; ) {
      from += await compiled.use(async ({ session, size }) => {
        const n = size * time;
        const [x, y] = [new BigInt64Array(n), new BigInt64Array(n)];
        const chosen = Array.from({ length: size }, (_, i) => from + i);
        fillBatch(data, chosen, x, y);
        const ids = { tokens: { data: x, shape: [n] }, labels: { data: y, shape: [n] } };
        const { sure } = await session.run({ ...placed.feeds, ...ids });
        sum += (sure as Float32Array).reduce((a, b) => a + b, 0) / (scored * time);
        return size;
      });
    }
  } finally {
    placed.free();
    await compiled.release();
    await residence.release();
  }
  return sum / (batches - (kind === "maxprob-code" && batches > 1 ? 1 : 0));
}

async function surenessSession(
  config: ModelConfig,
  shapes: Shapes,
  kind: Gamma,
  size: number,
  time: number,
  engine: SessionOptions,
) {
  const graph = createGraph(engine.device);
  const [tokens, labels] = ["tokens", "labels"].map((name) => input(graph, name, "int64", [size * time])) as [
    Value,
    Value,
  ];
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const logits = modelLogits({ graph, tokens, batch: size, weight: (name) => values.get(name)! }, config);
  output(graph, "sure", sureness(graph, logits, labels, kind));
  const session = await createSession(graph, engine);
  return { session, size, release: () => session.release() };
}

/** [n], the probability of each position's label or favourite. */
function sureness(graph: Graph, logits: Value, labels: Value, kind: Gamma): Value {
  if (kind === "label") return exp(graph, neg(graph, crossEntropy(graph, logits, labels)));
  const logs = logSoftmax(graph, logits);
  const largest = node(graph, "ReduceMax", [logs, ints(graph, [1])], [logits.shape[0]!], {
    attributes: { keepdims: 0 },
  });
  return exp(graph, largest);
}
