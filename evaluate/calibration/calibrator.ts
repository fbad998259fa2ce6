import { UserError } from "../../formats/error.ts";
import { createResidence } from "../engine/residence.ts";
import { createSession, type Feed, type HostTensor, type Session, type SessionOptions } from "../engine/session.ts";
import { createGraph, type Graph, input, node, output, type Value } from "../graph/index.ts";
import { diagonalFisher } from "./fisher.ts";
import { addChannels, emptyChannels, type Moments } from "./moments.ts";
import { sitesOf } from "./site.ts";
import { cutStages, outputOf, type Stage } from "./stages.ts";

/** What a builder of graphs asks a model for on its way. */
export interface BuildHooks {
  /** A model that rounds the inputs of its layers tells each as it is before that. */
  see?(layer: string, input: Value): void;
}

/** A model as a graph: logits of `tokens` [batch·time] with the weights that `weight(name)` names. */
export type BuildModel = (
  graph: Graph,
  weight: (name: string) => Value,
  tokens: Value,
  batch: number,
  hooks: BuildHooks,
) => Value;

/** Calibration tokens, row-major [count, context]: independent windows. */
export interface CalibrationWindows {
  readonly windows: Int32Array;
  readonly count: number;
  readonly context: number;
}

export interface CalibratorOptions extends SessionOptions, CalibrationWindows {
  /** The model that a walk's `reference` weights belong to, where that is another one: the same without rounding. */
  readonly reference?: BuildModel;
}

export type Weights = ReadonlyMap<string, Float32Array>;

/** The inputs of a site, for a visit that needs more of them than their moments. */
export interface SiteInputs {
  /** Row-major [tokens, columns] each; not to be written to. */
  readonly batches: readonly Float32Array[];
  /** The moments of what `map` makes of each batch, their drift against what `mapReference` makes of the reference model's. */
  moments(map: MapBatch, mapReference: MapBatch): Promise<Moments>;
}

type MapBatch = (x: Float32Array) => Float32Array;

/** Told the moments of a site's inputs; may change the weights of that site's layers before the walk goes on. */
export type Visit = (layers: readonly string[], moments: Moments, inputs: SiteInputs) => Promise<void> | void;

export interface Calibrator {
  readonly tokens: number;
  /** Weight names of the layers of each site, in the order in which a walk visits them. */
  readonly sites: readonly (readonly string[])[];
  /**
   * Runs the calibration text through the model site by site. `visit` may rewrite the arrays in `weights` of the layers
   * it is told of: later sites then see the inputs that the changed model has ("true sequential" of GPTQ). With
   * `reference`, the model of those weights walks beside it and the moments have `drift`.
   */
  walk(weights: Weights, visit: Visit, reference?: Weights): Promise<void>;
  /** `diagonalFisher` of the layers in the full-precision model of those weights; kept, so that later calls get the same. */
  fisher(weights: Weights): Promise<ReadonlyMap<string, Float32Array>>;
  release(): Promise<void>;
}

/** Tokens of one run, as in evaluation: enough to fill the matrix products. */
const TOKENS_PER_RUN = 2048;

/**
 * Prepares a calibration of the named layers. Weights are inputs of every stage, so one calibrator serves all formats.
 * Throws UserError when the model's activations are not finite (in `walk`).
 */
export function createCalibrator(
  model: BuildModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  layers: readonly string[],
  { windows, count, context, reference: referenceModel, ...session }: CalibratorOptions,
): Calibrator {
  const batch = batchOf(count, context);
  const stagesOf = (build: BuildModel): Stage[] => {
    const graph = createGraph(session.device);
    const tokens = input(graph, "tokens", "int64", [batch * context]);
    const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
    const unrounded = new Map<string, Value>();
    build(graph, (name) => values.get(name)!, tokens, batch, { see: (layer, x) => unrounded.set(layer, x) });
    return cutStages(graph, tokens, sitesOf(graph, layers, unrounded));
  };
  const stages = stagesOf(model);
  const referenceStages = referenceModel ? stagesOf(referenceModel) : stages;
  const sessions = new Map<string, Promise<Session>>();
  const residence = createResidence(session);
  const open = (key: string, made: () => Graph): Promise<Session> => {
    // A session a stage, each with attention of its own to hold: those of a 135 M model would keep 20 GB between them.
    const known = sessions.get(key) ?? createSession(made(), { ...session, keepMemory: false });
    sessions.set(key, known);
    return known;
  };
  const texts = Array.from({ length: count / batch }, (_, run) =>
    BigInt64Array.from(windows.subarray(run * batch * context, (run + 1) * batch * context), BigInt),
  );
  let fisher: Promise<ReadonlyMap<string, Float32Array>> | undefined;
  const start = (): State[] => texts.map((data) => new Map([["tokens", { data, shape: [batch * context] }]]));

  return {
    tokens: count * context,
    sites: stages.map(({ site }) => site.layers),
    async walk(weights, visit, reference) {
      const states = start();
      const others = reference ? start() : null;
      for (const [index, stage] of stages.entries()) {
        const { columns, layers: names, input: x } = stage.site;
        const run = await open(`stage ${index}`, () => stage.graph);
        const other = referenceStages[index]!;
        const referenceRun = others && other !== stage ? await open(`reference ${index}`, () => other.graph) : run;
        const product = await open(`product ${columns}`, () => productGraph(batch * context, columns));
        const seen: Float32Array[] = [];
        const seenThere: Float32Array[] = [];
        const usedBy = ({ inputNames }: Session) => new Map([...shapes].filter(([name]) => inputNames.includes(name)));
        const placed = await residence.place(weights, usedBy(run));
        const theirs = others && (await residence.place(reference!, usedBy(referenceRun)));
        try {
          for (const [at, state] of states.entries()) {
            await advance(run, stage, placed.feeds, state);
            seen.push(activations(state, x));
            forget(state, stage);
            if (!others) continue;
            await advance(referenceRun, other, theirs!.feeds, others[at]!);
            seenThere.push(activations(others[at]!, other.site.input));
            forget(others[at]!, other);
          }
        } finally {
          placed.free();
          theirs?.free();
        }
        const moments = async (map: MapBatch, mapReference: MapBatch) => {
          const sums = createSums(columns, others !== null);
          for (const [at, batch] of seen.entries())
            await sums.add(product, map(batch), others && mapReference(seenThere[at]!));
          return sums.moments(count * context, names);
        };
        const same: MapBatch = (batch) => batch;
        await visit(names, await moments(same, same), { batches: seen, moments });
      }
    },
    fisher(weights) {
      const text = { windows, count, context };
      fisher ??= diagonalFisher(referenceModel ?? model, shapes, layers, weights, text, session);
      return fisher;
    },
    async release() {
      for (const each of sessions.values()) await (await each).release();
      await residence.release();
    },
  };
}

/** Activations of one batch that later stages need, by name. */
type State = Map<string, HostTensor>;

/** The most windows that divide `count` and stay within the tokens of one run: shapes are static, no window is run twice. */
function batchOf(count: number, context: number): number {
  let batch = Math.max(1, Math.min(count, Math.floor(TOKENS_PER_RUN / context)));
  while (count % batch !== 0) batch--;
  return batch;
}

async function advance(session: Session, stage: Stage, weights: Record<string, Feed>, state: State): Promise<void> {
  const results = await session.run({ ...weights, ...Object.fromEntries(state) });
  for (const value of stage.made) state.set(value.name, { data: results[outputOf(value)]!, shape: value.shape });
}

function activations(state: State, { name }: Value): Float32Array {
  const { data } = state.get(name)!;
  if (!(data instanceof Float32Array)) throw new Error(`internal: activations ${name} are not float32`);
  return data;
}

function forget(state: State, { kept }: Stage): void {
  for (const name of state.keys()) if (!kept.includes(name)) state.delete(name);
}

/** aᵀ b of two [tokens, columns] arrays. */
function productGraph(tokens: number, columns: number): Graph {
  const graph = createGraph();
  const [a, b] = ["a", "b"].map((name) => input(graph, name, "float32", [tokens, columns]));
  output(graph, "product", node(graph, "Gemm", [a!, b!], [columns, columns], { attributes: { transA: 1, transB: 0 } }));
  return graph;
}

/** Sums over batches in float64; the products of one batch are onnxruntime's, in float32. */
function createSums(columns: number, withDrift: boolean) {
  const gram = new Float64Array(columns * columns);
  const drift = withDrift ? new Float64Array(columns * columns) : null;
  const part = new Float32Array(columns * columns);
  const channels = emptyChannels(columns);
  const add = async (into: Float64Array, session: Session, a: Float32Array, b: Float32Array) => {
    const into32 = { data: part, shape: [columns, columns] };
    const shape = [a.length / columns, columns];
    await session.run({ a: { data: a, shape }, b: { data: b, shape } }, { product: into32 });
    for (let i = 0; i < into.length; i++) into[i]! += part[i]!;
  };
  return {
    async add(session: Session, x: Float32Array, other: Float32Array | null) {
      await add(gram, session, x, x);
      if (other && drift) {
        const moved = other.map((value, i) => value - x[i]!);
        await add(drift, session, moved, x);
      }
      addChannels(channels, x, columns);
    },
    moments(tokens: number, layers: readonly string[]): Moments {
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
