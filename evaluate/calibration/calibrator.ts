import { createResidence } from "../engine/residence.ts";
import { createSession, type Session, type SessionOptions } from "../engine/session.ts";
import { shrinking, type Warn } from "../engine/shrink.ts";
import { live, reads } from "../graph/graph.ts";
import { createWaiting, type Waiting } from "../storage/waiting.ts";
import { type VisitBlock, walkBlocks } from "./blocks.ts";
import { type BuildModel, batchOf, type CalibrationWindows, modelStages, runOf, type Weights } from "./buildModel.ts";
import { diagonalFisher } from "./fisher.ts";
import type { Moments } from "./moments.ts";
import { buffers, runStage, sessionsOf } from "./stageSessions.ts";
import type { Stage } from "./stages.ts";
import { createMomentSums } from "./sums.ts";

export interface CalibratorOptions extends SessionOptions, CalibrationWindows {
  /** The model that a walk's `reference` weights belong to, where that is another one: the same without rounding. */
  readonly reference?: BuildModel;
  /** Told when memory did not suffice for a batch, which is then halved. */
  readonly warn?: Warn;
  /** Bytes of activations that wait in memory between two stages; the rest waits on disk. */
  readonly waitingBytes?: number;
}

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
    return { batch, stages, referenceStages, ...sessionsOf(engine, open, stages.length) };
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
