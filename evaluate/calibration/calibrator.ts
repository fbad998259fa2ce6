import { createResidence } from "../engine/residence.ts";
import { createSession, type Feed, type HostTensor, type Session, type SessionOptions } from "../engine/session.ts";
import { shrinking, type Warn } from "../engine/shrink.ts";
import { live, reads } from "../graph/graph.ts";
import { createGraph, encode, type Graph, input, lower, peakBytes, size, type Value } from "../graph/index.ts";
import { createWaiting, WAITING_BYTES, type Waiting } from "../storage/waiting.ts";
import { type VisitBlock, walkBlocks } from "./blocks.ts";
import { diagonalFisher } from "./fisher.ts";
import type { Moments } from "./moments.ts";
import { sitesOf } from "./site.ts";
import { cutStages, outputOf, type Stage } from "./stages.ts";
import { createMomentSums } from "./sums.ts";

/** What a builder of graphs asks a model for on its way. */
export interface BuildHooks {
  /** A model that rounds the inputs of its layers tells each as it is before that. */
  see?(layer: string, input: Value): void;
  /** Given the hidden states after a block, returns what goes on. */
  block?(layer: number, hidden: Value): Value;
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
  /** Told when memory did not suffice for a batch, which is then halved. */
  readonly warn?: Warn;
  /** Bytes of activations that wait in memory between two stages; the rest waits on disk. */
  readonly waitingBytes?: number;
}

export type Weights = ReadonlyMap<string, Float32Array>;

/** The inputs of a site, for a visit that needs more of them than their moments. */
export interface SiteInputs {
  /** Row-major [tokens, columns] each, one at a time and as often as asked for; valid until the next, not to be written to. */
  readonly batches: Iterable<Float32Array>;
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
   * `reference`, the model of those weights walks beside it and the moments have `drift`; its arrays may be those of
   * `weights`, as they are before a visit.
   */
  walk(weights: Weights, visit: Visit, reference?: Weights): Promise<void>;
  /** The same block by block, the full-precision model of `reference` beside it; its arrays are others than those of `weights` that a visit changes. */
  walkBlocks(weights: Weights, reference: Weights, visit: VisitBlock): Promise<void>;
  /** `diagonalFisher` of the layers in the full-precision model of those weights; kept, so that later calls get the same. */
  fisher(weights: Weights): Promise<ReadonlyMap<string, Float32Array>>;
  release(): Promise<void>;
}

/** Tokens of one run, as in evaluation: enough to fill the matrix products. */
export const CALIBRATION_TOKENS_PER_RUN = 2048;
/** Encoded stages whose sessions stay open for the next walk: those of long windows hold tables of masks, and are made anew. */
const KEPT_BYTES = 32 * 1024 * 1024;
/** Models of more stages keep none: each session has threads and heaps of its own. */
const KEPT_STAGES = 64;
/** What an open session takes beside its constants: measured on stories260K. */
const SESSION_BYTES = 3.5e6;

/** A model compiled for batches of one size. */
interface Compiled {
  readonly batch: number;
  readonly stages: readonly Stage[];
  readonly referenceStages: readonly Stage[];
  /** The session of a stage, until another is asked for. */
  session(stage: Stage): Promise<Session>;
  release(): Promise<void>;
}

/**
 * Prepares a calibration of the named layers. Weights are inputs of every stage, so one calibrator serves all formats. What
 * waits between stages is held to a bound, so that memory does not grow with the text. `open` makes sessions.
 * Throws UserError when the model's activations are not finite (in `walk`).
 */
export function createCalibrator(
  model: BuildModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  layers: readonly string[],
  { windows, count, context, reference: referenceModel, warn, waitingBytes, ...engine }: CalibratorOptions,
  open: typeof createSession = createSession,
): Calibrator {
  const stagesOf = (build: BuildModel, batch: number) =>
    modelStages(build, shapes, layers, batch, context, engine.device);
  const compile = (batch: number): Compiled => {
    const stages = stagesOf(model, batch);
    const referenceStages = referenceModel ? stagesOf(referenceModel, batch) : stages;
    const keep = stages.length <= KEPT_STAGES;
    return { batch, stages, referenceStages, ...sessionsOf(engine, open, keep ? KEPT_BYTES : 0) };
  };
  const first = compile(batchOf(count, context));
  const sites = first.stages.map(({ site }) => site.layers);
  const compiled = shrinking(
    "calibration",
    first.batch,
    async (batch) => (batch === first.batch ? first : compile(batch)),
    warn,
  );
  const residence = createResidence(engine);
  const sums = createMomentSums();
  const text = { windows, count, context };
  let fisher: Promise<ReadonlyMap<string, Float32Array>> | undefined;

  return {
    tokens: count * context,
    sites,
    async walk(weights, visit, reference) {
      const waiting = createWaiting(waitingBytes);
      const originals = new Map<string, Float32Array>();
      const last = lastUses(first.referenceStages, shapes);
      /** Runs a stage of one of the models over all windows. */
      const advance = async (index: number, which: "stages" | "referenceStages") => {
        const used = weightsOf(first[which][index]!, shapes);
        const theirs = (name: string) => originals.get(name) ?? reference!.get(name)!;
        const from = which === "stages" ? weights : new Map([...used.keys()].map((name) => [name, theirs(name)]));
        const prefix = which === "stages" ? "" : REFERENCE;
        const placed = await residence.place(from, used);
        const buffer = buffers();
        try {
          for (let start = 0; start < count; ) {
            start += await compiled.use(async (made) => {
              const stage = made[which][index]!;
              const { batch } = made;
              const kept = Math.min(batch, count - start);
              const tokens = new BigInt64Array(batch * context);
              for (let i = 0; i < kept * context; i++) tokens[i] = BigInt(windows[start * context + i]!);
              const feeds = { ...placed.feeds, tokens: { data: tokens, shape: [tokens.length] } };
              const session = await made.session(stage);
              await runStage(session, stage, feeds, { waiting, prefix, batch, start, kept, buffer });
              return kept;
            });
          }
        } finally {
          placed.free();
        }
      };
      try {
        for (const [index, names] of sites.entries()) {
          await advance(index, "stages");
          if (reference) await advance(index, "referenceStages");
          for (const name of originals.keys()) if (last.get(name)! <= index) originals.delete(name);
          const [own, theirs] = [first.stages[index]!, first.referenceStages[index]!];
          const { columns } = own.site;
          const at = (key: string) => batchesOf(waiting, key, count, first.batch, columns * context);
          const batches = at(own.input);
          const moments = async (map: MapBatch, mapReference: MapBatch) => {
            const sum = await sums.of(columns, reference !== undefined);
            const others = reference && at(REFERENCE + theirs.input)[Symbol.iterator]();
            for (const batch of batches) await sum.add(map(batch), others ? mapReference(others.next().value!) : null);
            return sum.moments(count * context, names);
          };
          const same: MapBatch = (batch) => batch;
          const seen = await moments(same, same);
          for (const name of names) {
            const array = weights.get(name)!;
            if (reference?.get(name) === array && last.get(name)! > index) originals.set(name, array.slice());
          }
          await visit(names, seen, { batches, moments });
          if (!own.kept.includes(own.input)) waiting.drop(own.input, 0, count);
          if (!theirs.kept.includes(theirs.input)) waiting.drop(REFERENCE + theirs.input, 0, count);
        }
      } finally {
        waiting.release();
      }
    },
    walkBlocks(weights, full, visit) {
      const models = { model, reference: referenceModel ?? model };
      const walk = { ...models, shapes, layers, batch: runOf(count, context), waitingBytes, session: engine, ...text };
      return walkBlocks(walk, weights, full, visit);
    },
    fisher(weights) {
      fisher ??= diagonalFisher(referenceModel ?? model, shapes, layers, weights, text, engine);
      return fisher;
    },
    async release() {
      await compiled.release();
      await sums.release();
      await residence.release();
    },
  };
}

/** Prefix of what waits of the reference model. */
const REFERENCE = "reference ";

function batchOf(count: number, context: number): number {
  return Math.max(1, Math.min(count, Math.floor(CALIBRATION_TOKENS_PER_RUN / context)));
}

/** As many windows, of which the text holds a whole number of times. */
function runOf(count: number, context: number): number {
  let batch = batchOf(count, context);
  while (count % batch !== 0) batch--;
  return batch;
}

/** Sessions of stages: some stay open, of the others one at a time. */
function sessionsOf(engine: SessionOptions, open: typeof createSession, mostBytes: number) {
  const kept = new Map<Stage, Session>();
  let current: { stage: Stage; session: Session } | null = null;
  let bytes = 0;
  const close = async () => {
    const { session } = current ?? {};
    current = null;
    await session?.release();
  };
  return {
    async session(stage: Stage): Promise<Session> {
      const known = kept.get(stage) ?? (current?.stage === stage ? current.session : undefined);
      if (known) return known;
      await close();
      const encoded = encode(lower(stage.graph, engine.device ?? "cpu"));
      const session = await open(encoded, { ...engine, keepMemory: false });
      if (bytes + encoded.length <= mostBytes) {
        bytes += encoded.length;
        kept.set(stage, session);
      } else current = { stage, session };
      return session;
    },
    async release() {
      await close();
      for (const session of kept.values()) await session.release();
      kept.clear();
      bytes = 0;
    },
  };
}

function modelStages(
  build: BuildModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  layers: readonly string[],
  batch: number,
  context: number,
  device?: SessionOptions["device"],
): Stage[] {
  const graph = createGraph(device);
  const tokens = input(graph, "tokens", "int64", [batch * context]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const unrounded = new Map<string, Value>();
  build(graph, (name) => values.get(name)!, tokens, batch, { see: (layer, x) => unrounded.set(layer, x) });
  return cutStages(graph, tokens, sitesOf(graph, layers, unrounded));
}

/**
 * Bytes that a walk holds beside the weights, at its worst: what waits in memory, the buffers and the run of one stage, and its
 * constants, which the graph, its encoding and the session each have. With `drift` the reference walks beside.
 */
export function walkBytes(
  model: BuildModel,
  shapes: ReadonlyMap<string, readonly number[]>,
  layers: readonly string[],
  { count, context, drift }: { count: number; context: number; drift: boolean },
): number {
  const batch = batchOf(count, context);
  const stages = modelStages(model, shapes, layers, batch, context);
  const bytesOf = (values: Iterable<Value>) => [...values].reduce((sum, { shape }) => sum + 4 * size(shape), 0);
  // Places of one length are used again; those of another are not.
  const places = new Map<number, number>();
  let run = 0;
  for (const { carried, made, kept, graph } of stages) {
    const held = [...made.values(), ...[...carried].filter(([key]) => kept.includes(key)).map(([, value]) => value)];
    const lengths = held.map(({ shape }) => size(shape) / batch);
    for (const length of lengths)
      places.set(length, Math.max(places.get(length) ?? 0, count * lengths.filter((each) => each === length).length));
    const read = new Set(live(graph).flatMap(reads));
    const constants = graph.constants.reduce(
      (sum, { value, data }) => sum + (read.has(value.name) ? data.byteLength : 0),
      0,
    );
    run = Math.max(run, peakBytes(graph) + bytesOf(carried.values()) + 3 * constants);
  }
  const wait = [...places].reduce((sum, [length, number]) => sum + 4 * length * number, 0) * (drift ? 2 : 1);
  const open = stages.length <= KEPT_STAGES ? stages.length : 1;
  return Math.min(wait, WAITING_BYTES) + run + open * (drift ? 2 : 1) * SESSION_BYTES;
}

/** Runs a stage on one batch: `kept` windows from `start`, behind which it is padded with whatever was there before. */
async function runStage(
  session: Session,
  { carried, made, kept: later }: Stage,
  feeds: Record<string, Feed>,
  { waiting, prefix, batch, start, kept, buffer }: Batch,
): Promise<void> {
  const tensorOf = (key: string, { name, type, shape }: Value): HostTensor => {
    if (type !== "float32") throw new Error(`internal: activations ${name} are not float32`);
    return { data: buffer(key, size(shape)), shape };
  };
  const windowsOf = ({ data }: HostTensor) => (data as Float32Array).subarray(0, (data.length / batch) * kept);
  const given: Record<string, Feed> = { ...feeds };
  for (const [key, value] of carried) {
    const tensor = tensorOf(key, value);
    waiting.read(prefix + key, start, kept, windowsOf(tensor));
    given[value.name] = tensor;
  }
  const into = new Map([...made].map(([key, value]) => [key, tensorOf(key, value)]));
  await session.run(given, Object.fromEntries([...made].map(([key, value]) => [outputOf(value), into.get(key)!])));
  for (const [key, tensor] of into) waiting.write(prefix + key, start, kept, windowsOf(tensor));
  for (const key of carried.keys()) if (!later.includes(key)) waiting.drop(prefix + key, start, kept);
}

interface Batch {
  waiting: Waiting;
  prefix: string;
  /** Windows that the stage is compiled for. */
  batch: number;
  start: number;
  kept: number;
  /** An array of this length for what is called so, the same one each time. */
  buffer(key: string, length: number): Float32Array;
}

/** What waits under a key, a batch at a time, each in the array of the one before. */
function batchesOf(
  waiting: Waiting,
  key: string,
  count: number,
  batch: number,
  length: number,
): Iterable<Float32Array> {
  const buffer = new Float32Array(batch * length);
  return {
    *[Symbol.iterator]() {
      for (let start = 0; start < count; start += batch) {
        const kept = Math.min(batch, count - start);
        const data = buffer.subarray(0, kept * length);
        waiting.read(key, start, kept, data);
        yield data;
      }
    },
  };
}

/** Shapes of the weights that a stage reads. */
function weightsOf({ graph }: Stage, shapes: ReadonlyMap<string, readonly number[]>) {
  const read = new Set(live(graph).flatMap(reads));
  return new Map([...shapes].filter(([name]) => read.has(name)));
}

/** The last stage that reads each weight. */
function lastUses(stages: readonly Stage[], shapes: ReadonlyMap<string, readonly number[]>): Map<string, number> {
  return new Map(stages.flatMap((stage, index) => [...weightsOf(stage, shapes).keys()].map((name) => [name, index])));
}

function buffers() {
  const made = new Map<string, Float32Array>();
  return (key: string, length: number) => {
    const found = made.get(key);
    if (found?.length === length) return found;
    const fresh = new Float32Array(length);
    made.set(key, fresh);
    return fresh;
  };
}
