import { type Graph, gradients, influencing, output, overParts, repeated, size, type Value } from "../graph/index.ts";
import { adamwNodes, stateNames, stepScalars, updated } from "./adamwGraph.ts";
import type { OptimizerOptions, TrainerState } from "./optimizer.ts";
import { createResidence, holdsState } from "./residence.ts";
import { createPartsStep, createWholeStep, type Parts, type ResidentStep } from "./residentStep.ts";
import { createSession, type DeviceTensor, type Feed, type HostTensor, type SessionOptions } from "./session.ts";

/** What one step is fed, weights apart. */
export interface Step {
  readonly feeds: Readonly<Record<string, HostTensor>>;
  readonly rate: number;
}

/** What a step measured before its update. */
export interface StepMeasure {
  readonly loss: number;
  readonly terms: Readonly<Record<string, number>>;
  readonly gradNorm: number;
}

/** A trainer whose parameters and moments live on the device. */
export interface DeviceTrainer {
  /**
   * Makes steps one after another. Throws where a loss or a gradient is not finite; what `sync` brings back is then of the
   * last call that ended well (WebGPU: of the last step).
   */
  run(steps: readonly Step[]): Promise<StepMeasure[]>;
  /** Parameters and moments on the host: of the time of the last `sync`. */
  readonly state: TrainerState;
  /** Writes the device's parameters into the host's arrays, and its moments into `state`. */
  sync(): Promise<void>;
  release(): Promise<void>;
}

export interface DeviceTrainerOptions extends SessionOptions, OptimizerOptions {
  /**
   * Steps in a Loop operator even where the device can hold state between runs. Where it cannot (CUDA), they are anyway:
   * parameters and moments pass to and from the device once a call of `run`, whatever the number of its steps.
   */
  loop?: boolean;
  /** The graph is that of one of so many equal parts of a step's batch, and `loss` its share of the step's. */
  parts?: Parts;
}

/**
 * A trainer for the scalar `loss` of `graph` over `parameters`, graph inputs whose values `weights` holds by name. Loss,
 * gradients and AdamW are one graph. `frozen` are the graph's other tensors, uploaded once.
 */
export async function createDeviceTrainer(
  graph: Graph,
  loss: Value,
  terms: Readonly<Record<string, Value>>,
  parameters: readonly Value[],
  weights: ReadonlyMap<string, Float32Array>,
  frozen: ReadonlyMap<string, HostTensor>,
  { loop = false, parts, optimizer, clipNorm, decays, rateOf, ...engine }: DeviceTrainerOptions,
  resume?: TrainerState,
): Promise<DeviceTrainer> {
  const rule = { optimizer, clipNorm, decays, ...(rateOf && { rateOf }) };
  const stays = holdsState(engine) && !loop;
  const given = { graph, objective: loss, terms };
  const step = parts && !stays ? overParts(given, parameters, parts.own, parts.count) : given;
  const trained = influencing(step.graph, step.objective, parameters);
  const measured = ["loss", ...Object.keys(terms).map((name) => `term:${name}`), "norm"];
  const whole = () => {
    output(step.graph, "loss", step.objective);
    for (const [name, value] of Object.entries(step.terms)) output(step.graph, `term:${name}`, value);
    adamwNodes(step.graph, trained, gradients(step.graph, step.objective, trained), rule);
    return step.graph;
  };

  const names = trained.flatMap(({ name }) => Object.values(stateNames(name)));
  const shapes = new Map(trained.flatMap(({ name, shape }) => Object.values(stateNames(name)).map((n) => [n, shape])));
  const zeros = () => new Map(trained.map(({ name, shape }) => [name, new Float32Array(size(shape))]));
  const state: TrainerState = resume ?? { step: 0, first: zeros(), second: zeros() };
  const host = new Map<string, Float32Array>();
  for (const { name } of trained) {
    const own = stateNames(name);
    for (const [input, data] of [
      [own.w, weights.get(name)],
      [own.m, state.first.get(name)],
      [own.v, state.second.get(name)],
    ] as const) {
      if (!data) throw new Error(`internal: no values for ${input}`);
      host.set(input, data);
    }
  }
  const common = { names, shapes, host, measured, frozen, engine, state };
  const driver = !stays
    ? createLooping(whole(), common)
    : await createResident(
        await (parts
          ? createPartsStep(step, trained, parts, rule, engine)
          : createWholeStep(whole(), names, measured, engine)),
        common,
      );
  return {
    state,
    async run(steps) {
      const numbered = steps.map(({ feeds, rate }, i) => ({
        ...feeds,
        ...scalarFeeds(stepScalars(state.step + 1 + i, rate, rule)),
      }));
      return driver.run(numbered, (values) => {
        const at = (name: string) => values[name]!;
        const result: StepMeasure = {
          loss: at("loss"),
          gradNorm: at("norm"),
          terms: Object.fromEntries(Object.keys(terms).map((name) => [name, at(`term:${name}`)])),
        };
        const broken = Object.entries(values).find(([, value]) => !Number.isFinite(value));
        if (broken) throw new Error(`training diverged after step ${state.step}: ${broken[0]} is ${broken[1]}`);
        return result;
      });
    },
    sync: () => driver.sync(),
    release: () => driver.release(),
  };
}

interface Common {
  /** Inputs that a step changes. */
  names: readonly string[];
  shapes: ReadonlyMap<string, readonly number[]>;
  /** Their values, where `sync` writes them. */
  host: ReadonlyMap<string, Float32Array>;
  measured: readonly string[];
  frozen: ReadonlyMap<string, HostTensor>;
  engine: SessionOptions;
  /** Its count of steps is kept up to date. */
  state: TrainerState;
}

interface Driver {
  run(
    steps: readonly Record<string, HostTensor>[],
    read: (values: Record<string, number>) => StepMeasure,
  ): Promise<StepMeasure[]>;
  sync(): Promise<void>;
  release(): Promise<void>;
}

/** State stays on the device between runs: what a run gives is fed to the next. */
async function createResident(step: ResidentStep, common: Common): Promise<Driver> {
  const { names, shapes, host, frozen, engine, state } = common;
  const residence = createResidence(engine);
  const still = await residence.place(dataOf(frozen), shapesOf(frozen));
  const start = await residence.place(host, shapes).catch(async (error) => {
    still.free();
    await step.release();
    throw error;
  });
  let current: Record<string, Feed> = start.feeds;
  const free = (feeds: Record<string, Feed>) => {
    for (const feed of Object.values(feeds)) (feed as DeviceTensor).free();
  };
  return {
    async run(steps, read) {
      const results: StepMeasure[] = [];
      for (const feeds of steps) {
        const { values, next } = await step.run({ ...still.feeds, ...current, ...feeds });
        try {
          results.push(read(values));
        } catch (error) {
          free(next);
          throw error;
        }
        free(current);
        current = next;
        state.step++;
      }
      return results;
    },
    async sync() {
      for (const name of names) {
        const into = host.get(name)!;
        into.set(await residence.fetch(current[name] as DeviceTensor, into.length));
      }
    },
    async release() {
      free(current);
      still.free();
      await step.release();
      await residence.release();
    },
  };
}

/** State passes through each run, which makes all of the steps it is given in one Loop operator. */
function createLooping(graph: Graph, common: Common): Driver {
  const { names, shapes, host, measured, frozen, engine, state } = common;
  const own = graph.inputs.map(({ name }) => name).filter((name) => !shapes.has(name) && !frozen.has(name));
  const carried = new Map(names.map((name) => [name, updated(name)]));
  const sessions = new Map<number, ReturnType<typeof createSession>>();
  const sessionOf = (times: number) => {
    const made =
      sessions.get(times) ?? createSession(repeated(graph, { carried, own, collected: measured, times }), engine);
    sessions.set(times, made);
    return made;
  };
  return {
    async run(steps, read) {
      const feeds: Record<string, Feed> = Object.fromEntries(frozen);
      for (const name of names) feeds[`start:${name}`] = { data: host.get(name)!, shape: shapes.get(name)! };
      for (const name of own) if (steps[0]![name]) feeds[`each:${name}`] = stacked(steps.map((step) => step[name]!));
      const out = await (await sessionOf(steps.length)).run(feeds);
      const values = (i: number) => Object.fromEntries(measured.map((name) => [name, Number(out[`all:${name}`]![i])]));
      const results = steps.map((_, i) => read(values(i)));
      for (const name of names) host.get(name)!.set(out[`end:${updated(name)}`] as Float32Array);
      state.step += steps.length;
      return results;
    },
    sync: async () => {},
    async release() {
      for (const session of sessions.values()) await (await session).release();
    },
  };
}

function scalarFeeds(values: Record<string, number>): Record<string, HostTensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { data: Float32Array.of(value), shape: [] }]),
  );
}

function stacked(parts: readonly HostTensor[]): HostTensor {
  const { data: first, shape } = parts[0]!;
  const data = new (first.constructor as Float32ArrayConstructor)(first.length * parts.length);
  for (const [i, part] of parts.entries()) data.set(part.data as Float32Array, i * first.length);
  return { data, shape: [parts.length, ...shape] };
}

function dataOf(tensors: ReadonlyMap<string, HostTensor>): Map<string, Float32Array> {
  return new Map([...tensors].map(([name, { data }]) => [name, data as Float32Array]));
}

function shapesOf(tensors: ReadonlyMap<string, HostTensor>): Map<string, readonly number[]> {
  return new Map([...tensors].map(([name, { shape }]) => [name, shape]));
}
