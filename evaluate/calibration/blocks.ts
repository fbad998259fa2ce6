import { createGradientSession } from "../engine/gradientSession.ts";
import { createSession, type HostTensor, type SessionOptions } from "../engine/session.ts";
import { createGraph, influencing, input, meanAll, mul, output, size, sub, type Value } from "../graph/index.ts";
import { createWaiting, type Waiting } from "../storage/waiting.ts";
import type { BuildModel, CalibrationWindows, Weights } from "./buildModel.ts";

/** One block of a model on the calibration text, with the weights that it has when it is asked. */
export interface Block {
  /** Weight names of its linear layers. */
  readonly layers: readonly string[];
  /**
   * Gradients by those weights of the mean squared error of the block's output, over as many windows of the text, those
   * whose turn it is at this step; at least one run's. The error is that of the model as it runs (inputs rounded, and
   * coming from the blocks before as they now are) to the full-precision model's output. The next call writes into the
   * same arrays.
   */
  gradients(step: number, windows: number): Promise<ReadonlyMap<string, Float32Array>>;
  /** That error over the whole text. */
  error(): Promise<number>;
}

/** May change the weights of the block's layers before the walk goes on. */
export type VisitBlock = (block: Block) => Promise<void>;

export interface BlockWalk extends CalibrationWindows {
  readonly model: BuildModel;
  /** The same without rounding. */
  readonly reference: BuildModel;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly layers: readonly string[];
  /** Windows of one run; `count` is a multiple of it. */
  readonly batch: number;
  /** Bytes of hidden states that wait in memory; the rest waits on disk. */
  readonly waitingBytes?: number | undefined;
  readonly session: SessionOptions;
}

/** Hidden states that wait: into a block of the model as it runs, into that of the full-precision one, and out of the latter. */
type Key = "into" | "into full" | "out of full";

/** Runs the text through the model block by block, and through the full-precision one beside it. */
export async function walkBlocks(walk: BlockWalk, weights: Weights, full: Weights, visit: VisitBlock): Promise<void> {
  const { model, reference, batch, count } = walk;
  const runs = count / batch;
  const waiting = createWaiting(walk.waitingBytes);
  try {
    for (let index = 0; ; index++) {
      const made = blockOf(walk, model, index);
      if (!made) return;
      const { graph, after, layers } = made;
      const states = statesOf(walk, waiting, index, after);
      const put = (key: Key) => (run: number, data: Float32Array) => states.write(key, run, data);
      await runBlock(walk, reference, index, full, (run) => states.feeds("into full", run), put("out of full"));
      const difference = sub(graph, after, input(graph, "target", "float32", after.shape));
      const loss = meanAll(graph, mul(graph, difference, difference));
      const session = await createGradientSession(graph, loss, {}, layers, { ...walk.session, keepMemory: false });
      const sums = new Map([...session.gradients].map(([name, { length }]) => [name, new Float32Array(length)]));
      const into = (run: number) => states.feeds("into", run);
      try {
        await visit({
          layers: layers.map(({ name }) => name),
          async gradients(step, windows) {
            const atOnce = Math.max(1, Math.min(runs, Math.round(windows / batch)));
            for (const sum of sums.values()) sum.fill(0);
            for (let i = 0; i < atOnce; i++) {
              const run = (step * atOnce + i) % runs;
              await session.run({ ...feedsOf(walk, weights), ...into(run), target: states.read("out of full", run) });
              for (const [name, sum] of sums) {
                const gradient = session.gradients.get(name)!;
                for (let j = 0; j < sum.length; j++) sum[j]! += gradient[j]! / atOnce;
              }
            }
            return sums;
          },
          async error() {
            let sum = 0;
            await runBlock(walk, model, index, weights, into, (run, data) => {
              const target = states.read("out of full", run).data as Float32Array;
              for (let i = 0; i < data.length; i++) sum += (data[i]! - target[i]!) ** 2;
            });
            return sum / (runs * size(after.shape));
          },
        });
      } finally {
        await session.release();
      }
      await runBlock(walk, model, index, weights, into, put("into"));
      for (let run = 0; run < runs; run++)
        states.write("into full", run, states.read("out of full", run).data as Float32Array);
    }
  } finally {
    waiting.release();
  }
}

/** One block as a graph of its own, from the hidden states `before` it (tokens, of the first) to those after it; null past the last. */
function blockOf({ shapes, layers, batch, context, session }: BlockWalk, build: BuildModel, index: number) {
  const graph = createGraph(session.device);
  const tokens = input(graph, "tokens", "int64", [batch * context]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const found: Value[] = [];
  const block = (layer: number, hidden: Value) => {
    if (layer === index) found.push(hidden);
    return layer === index - 1 ? input(graph, "before", hidden.type, hidden.shape) : hidden;
  };
  build(graph, (name) => values.get(name)!, tokens, batch, { block });
  const [after] = found;
  if (!after) return null;
  // By their products: a head that is tied to the embeddings reaches the first block too, but not as a layer of it.
  const weights = new Map(graph.tape.map(({ inputs: [, weight], output }) => [output, weight?.name]));
  const own = new Set(influencing(graph, after, [...weights.keys()]).map((product) => weights.get(product)));
  return { graph, after, layers: layers.filter((name) => own.has(name)).map((name) => values.get(name)!) };
}

/** What waits for a block, run by run. */
function statesOf({ windows, batch, context }: BlockWalk, waiting: Waiting, index: number, { shape }: Value) {
  const read = (key: Key, run: number): HostTensor => {
    const data = new Float32Array(size(shape));
    waiting.read(key, run * batch, batch, data);
    return { data, shape };
  };
  return {
    read,
    write: (key: Key, run: number, data: Float32Array) => waiting.write(key, run * batch, batch, data),
    feeds(key: Key, run: number): Record<string, HostTensor> {
      if (index > 0) return { before: read(key, run) };
      const rows = batch * context;
      const data = BigInt64Array.from(windows.subarray(run * rows, (run + 1) * rows), BigInt);
      return { tokens: { data, shape: [rows] } };
    },
  };
}

/** Runs a block over the whole text, telling what it puts out; each array is valid until the next. */
async function runBlock(
  walk: BlockWalk,
  build: BuildModel,
  index: number,
  weights: Weights,
  feeds: (run: number) => Record<string, HostTensor>,
  tell: (run: number, data: Float32Array) => void,
): Promise<void> {
  const { graph, after } = blockOf(walk, build, index)!;
  output(graph, "after", after);
  const session = await createSession(graph, { ...walk.session, keepMemory: false });
  const into = { after: { data: new Float32Array(size(after.shape)), shape: after.shape } };
  try {
    for (let run = 0; run < walk.count / walk.batch; run++) {
      await session.run({ ...feedsOf(walk, weights), ...feeds(run) }, into);
      tell(run, into.after.data);
    }
  } finally {
    await session.release();
  }
}

function feedsOf({ shapes }: BlockWalk, weights: Weights): Record<string, HostTensor> {
  const known = [...shapes].filter(([name]) => weights.has(name));
  return Object.fromEntries(known.map(([name, shape]) => [name, { data: weights.get(name)!, shape }]));
}
