import {
  accumulated,
  createGraph,
  input,
  type Loss,
  output,
  size,
  sumOf,
  totalOf,
  type Value,
} from "../graph/index.ts";
import { adamwNodes, stateNames, updated } from "./adamwGraph.ts";
import type { OptimizerOptions } from "./optimizer.ts";
import { createResidence } from "./residence.ts";
import { createSession, type DeviceTensor, type Feed, type HostTensor, type SessionOptions } from "./session.ts";

/** Equal parts that a step takes its batch in, where the batch at once does not fit. */
export interface Parts {
  readonly count: number;
  /** Inputs [n, …] of which each part has its own. */
  readonly own: readonly string[];
}

/** One step of a training whose state is on the device. */
export interface ResidentStep {
  /** What was measured, and the state after the step by the names of its inputs. */
  run(
    feeds: Readonly<Record<string, Feed>>,
  ): Promise<{ values: Record<string, number>; next: Record<string, DeviceTensor> }>;
  release(): Promise<void>;
}

/** A step in one run of a graph, which has the outputs of `adamwNodes` and those named in `measured`. */
export async function createWholeStep(
  graph: Parameters<typeof createSession>[0],
  names: readonly string[],
  measured: readonly string[],
  engine: SessionOptions,
): Promise<ResidentStep> {
  const session = await createSession(graph, engine, names.map(updated));
  return {
    async run(feeds) {
      const { host, kept } = await session.runKeeping(feeds);
      const values = Object.fromEntries(measured.map((name) => [name, Number(host[name]![0])]));
      return { values, next: Object.fromEntries(names.map((name) => [name, kept[updated(name)]!])) };
    },
    release: () => session.release(),
  };
}

/**
 * A step in one run for each part of its batch, gradients summed on the device, and one for the update. The loss is that of
 * a part as a share of the batch's. (onnxruntime 1.30 runs a Loop's bookkeeping on the CPU under WebGPU, and carries the sums there.)
 */
export async function createPartsStep(
  { graph, objective, terms }: Loss,
  trained: readonly Value[],
  { count, own }: Parts,
  rule: OptimizerOptions,
  engine: SessionOptions,
): Promise<ResidentStep> {
  accumulated(graph, objective, trained);
  output(graph, "loss", objective);
  for (const [name, value] of Object.entries(terms)) output(graph, `term:${name}`, value);
  const update = createGraph(engine.device);
  const declared = (nameOf: (name: string) => string) =>
    trained.map(({ name, shape }) => input(update, nameOf(name), "float32", shape));
  adamwNodes(
    update,
    declared((name) => name),
    declared(totalOf),
    rule,
  );
  const names = trained.map(({ name }) => name);
  const state = names.flatMap((name) => Object.values(stateNames(name)));
  const residence = createResidence(engine);
  const zeros = await residence.place(
    new Map(trained.map(({ name, shape }) => [sumOf(name), new Float32Array(size(shape))])),
    new Map(trained.map(({ name, shape }) => [sumOf(name), shape])),
  );
  const adding = await createSession(graph, engine, names.map(totalOf));
  const updating = await createSession(update, engine, state.map(updated));
  return {
    async run(feeds) {
      const values: Record<string, number> = { loss: 0 };
      let sums: Record<string, DeviceTensor> | null = null;
      const free = () => {
        for (const tensor of Object.values(sums ?? {})) tensor.free();
      };
      try {
        for (let k = 0; k < count; k++) {
          const before = sums
            ? Object.fromEntries(names.map((name) => [sumOf(name), sums![totalOf(name)]!]))
            : zeros.feeds;
          const { host, kept } = await adding.runKeeping({ ...feeds, ...partsOf(feeds, own, k, count), ...before });
          free();
          sums = kept;
          values.loss! += Number(host.loss![0]);
          for (const name of Object.keys(terms)) {
            const term = `term:${name}`;
            values[term] = (values[term] ?? 0) + Number(host[term]![0]) / count;
          }
        }
        const { host, kept } = await updating.runKeeping({ ...feeds, ...sums });
        values.norm = Number(host.norm![0]);
        return { values, next: Object.fromEntries(state.map((name) => [name, kept[updated(name)]!])) };
      } finally {
        free();
      }
    },
    async release() {
      zeros.free();
      await adding.release();
      await updating.release();
      await residence.release();
    },
  };
}

/** The k-th of `count` parts of those inputs that each part has its own of. */
function partsOf(feeds: Readonly<Record<string, Feed>>, own: readonly string[], k: number, count: number) {
  const cut: Record<string, HostTensor> = {};
  for (const name of own) {
    const whole = feeds[name] as HostTensor | undefined;
    if (!whole) continue;
    const { data, shape } = whole;
    const length = data.length / count;
    cut[name] = { data: data.subarray(k * length, (k + 1) * length), shape: [shape[0]! / count, ...shape.slice(1)] };
  }
  return cut;
}
