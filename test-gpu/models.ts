import { type BuildModel, createCalibrator } from "../evaluate/calibration/index.ts";
import { adamwDefaults } from "../evaluate/engine/adamw.ts";
import { createDeviceTrainer } from "../evaluate/engine/deviceTrainer.ts";
import type { Device } from "../evaluate/engine/session.ts";
import { createTrainer } from "../evaluate/engine/trainer.ts";
import { createDecoder } from "../evaluate/generate/decoder.ts";
import {
  createGraph,
  crossEntropy,
  fakeQuantize,
  input,
  meanAll,
  mul,
  scalar,
  type Value,
} from "../evaluate/graph/index.ts";
import { modelLogits } from "../evaluate/model/architectures/index.ts";
import { inputShapes, type RunningFormats } from "../evaluate/model/architectures/runningFormats.ts";
import { linearLayers } from "../evaluate/model/index.ts";
import { type LoadedModel, loadModel } from "../evaluate/model/loadedModel.ts";
import { createContinuationScorer } from "../evaluate/scoring/continuations.ts";
import { createDivergenceScorer } from "../evaluate/scoring/divergence.ts";
import { createEvaluator } from "../evaluate/scoring/evaluator.ts";
import { recipeById, retrain } from "../evaluate/training/index.ts";
import { parseFormat } from "../formats/index.ts";
import { tinyModel } from "../test/evaluate/tinyModel.ts";
import { tinyModel as tinyStudent, tinyText } from "../test/evaluate/training/tiny.ts";
import { type Check, relativeError } from "./check.ts";
import { elsewhere } from "./elsewhere.ts";

/** Of losses in nats, relative. */
export const LOSS_TOLERANCE = 1e-5;
/** Of losses through rounded weights: one that a last bit sends to another level moves the loss by more than rounding does. */
export const ROUNDED_TOLERANCE = 1e-4;
/** Of losses with rounded activations: the last bit of a product may send one to another level, and those after it too. */
const RUNNING_TOLERANCE = 1e-2;
/** AdamW divides by √v, which makes much of small differences in small gradients. */
const WEIGHT_TOLERANCE = 1e-3;

type Model = Pick<LoadedModel, "config" | "shapes" | "weights"> & { running?: RunningFormats };

/** Mean losses of windows, and tokens per second of the second of two scorings on device and CPU. */
export async function evaluation(device: Device, model: Model, context: number, count: number, profiled: boolean) {
  const { config, shapes, weights, running } = model;
  const windows = Int32Array.from({ length: context * count }, (_, i) => (i * i + 3 * i) % config.vocabSize);
  const score = async (where: Device, profile?: string) => {
    const options = { context, batch: count, device: where, running, ...(profile ? { profile } : {}) };
    const evaluator = await createEvaluator(config, shapes, options);
    const losses = await evaluator.score(weights, windows, count);
    const start = performance.now();
    await evaluator.score(weights, windows, count);
    const rate = (context * count * 1000) / (performance.now() - start);
    await evaluator.release();
    return { losses, rate };
  };
  const host = await score("cpu");
  const there = profiled ? await elsewhere(device, (profile) => score(device, profile)) : null;
  const result = there?.result ?? (await score(device));
  return {
    error: relativeError(result.losses, host.losses),
    elsewhere: there?.elsewhere ?? "",
    rate: result.rate,
    hostRate: host.rate,
  };
}

/** Perplexity of tiny models of other norms, positions and activations, and of the reference model. */
export async function* evaluationChecks(device: Device): AsyncGenerator<Check> {
  for (const name of ["tiny-llama-untied", "tiny-gpt2", "tiny-bloom", "tiny-gemma2", "tiny-qwen3"]) {
    const { error, elsewhere } = await evaluation(device, tinyModel(name), 16, 2, true);
    yield { what: `losses of ${name}`, error, tolerance: LOSS_TOLERANCE, elsewhere };
  }
  const tiny = tinyModel();
  const running = { activation: parseFormat("int8@row"), cache: parseFormat("int8@row"), range: null, rotates: false };
  const inputs = inputShapes(linearLayers(tiny.config), running);
  const ones = [...inputs].map(([name, [n]]): [string, Float32Array] => [name, new Float32Array(n!).fill(1)]);
  const rounding = {
    ...tiny,
    shapes: new Map([...tiny.shapes, ...inputs]),
    weights: new Map([...tiny.weights, ...ones]),
    running,
  };
  const rounded = await evaluation(device, rounding, 16, 2, true);
  const what = "losses of tiny-llama-untied with INT8 activations and cache";
  yield { what, error: rounded.error, tolerance: RUNNING_TOLERANCE, elsewhere: rounded.elsewhere };
  const { error, elsewhere } = await evaluation(device, loadModel("reference"), 64, 2, true);
  yield { what: "losses of reference, 2 windows of 64", error, tolerance: LOSS_TOLERANCE, elsewhere };
}

/** KL divergence and most likely tokens beside another model, and continuations with their greedy choice. */
export async function* taskChecks(device: Device): AsyncGenerator<Check> {
  const { config, shapes, weights } = tinyModel();
  const other = new Map([...weights].map(([name, data]) => [name, data.map((w) => Math.round(w * 8) / 8)]));
  const [context, count] = [16, 3];
  const windows = Int32Array.from({ length: context * count }, (_, i) => (i * i + 3 * i) % config.vocabSize);
  const diverge = async (where: Device, profile?: string) => {
    const options = { context, batch: 2, device: where, ...(profile ? { profile } : {}) };
    const scorer = await createDivergenceScorer(config, shapes, options);
    const result = await scorer.score(weights, other, windows, count);
    await scorer.release();
    return [...result.nll, ...result.kl, ...result.same];
  };
  const requests = [2, 3, 5, 9].map((n, i) => ({
    context: Array.from(windows.subarray(i, i + n)),
    continuation: Array.from(windows.subarray(i + n, i + n + 3)),
  }));
  const go = async (where: Device, profile?: string) => {
    const options = { context, tokensPerRun: 32, device: where, ...(profile ? { profile } : {}) };
    const scorer = createContinuationScorer(config, shapes, options);
    const scores = await scorer.score(weights, requests);
    await scorer.release();
    return scores.flatMap(({ logProbs, greedy }) => [...logProbs, greedy ? 1 : 0]);
  };
  const decode = async (where: Device, profile?: string) => {
    const options = { batch: 2, length: 6, device: where, ...(profile ? { profile } : {}) };
    const decoder = await createDecoder(config, shapes, options);
    const logits: number[] = [];
    for (let t = 0; t < 6; t++) logits.push(...(await decoder.step(weights, [windows[t]!, windows[t + context]!])));
    await decoder.release();
    return logits;
  };
  for (const [what, run] of [
    ["kl: divergence and same top tokens", diverge],
    ["continuations: log-likelihoods and greedy choice", go],
    ["generation: logits of 6 tokens, keys and values on the device", decode],
  ] as const) {
    const there = await elsewhere(device, (profile) => run(device, profile));
    const error = relativeError(there.result, await run("cpu"));
    yield { what, error, tolerance: LOSS_TOLERANCE, elsewhere: there.elsewhere };
  }
}

/** What calibration says of every layer's inputs, each stage of the model a graph of its own. */
export async function* calibrationChecks(device: Device): AsyncGenerator<Check> {
  const { config, shapes, weights } = tinyModel();
  const [context, count] = [16, 4];
  const windows = Int32Array.from({ length: context * count }, (_, i) => (i * i + 3 * i) % config.vocabSize);
  const moments = async (where: Device, profile?: string) => {
    const build: BuildModel = (graph, weight, tokens, batch) => modelLogits({ graph, tokens, batch, weight }, config);
    const names = linearLayers(config).map(({ name }) => name);
    const options = { windows, count, context, device: where, ...(profile ? { profile } : {}) };
    const calibrator = createCalibrator(build, shapes, names, options);
    const all: number[][] = [];
    await calibrator.walk(weights, (_, { gram, absMax }) => {
      all.push([...gram, ...absMax]);
    });
    await calibrator.release();
    return all;
  };
  const host = await moments("cpu");
  const there = await elsewhere(device, (profile) => moments(device, profile));
  const error = Math.max(...there.result.map((each, i) => relativeError(each, host[i]!)));
  yield {
    what: "calibration: moments of layers' inputs",
    error,
    tolerance: LOSS_TOLERANCE,
    elsewhere: there.elsewhere,
  };
}

const [BATCH, TIME, STEPS] = [2, 8, 8];

/** Where the state of a training is, and whether each step takes its windows one by one, as where memory runs out. */
const MODES = {
  resident: "state on the device",
  "resident, parts": "state on the device, window by window",
  loop: "in Loops of 4",
  "loop, parts": "in Loops of 4, window by window",
};
type Mode = keyof typeof MODES;

/** A training of 8 steps: state on the device, and 4 steps in a Loop; in full precision, and through rounded weights. */
export async function* trainingChecks(device: Device): AsyncGenerator<Check> {
  for (const format of [null, "sf4@g16"]) {
    const host = await train("cpu", format, "host");
    for (const [mode, how] of Object.entries(MODES)) {
      if (mode.startsWith("resident") && device !== "webgpu") continue;
      const there = await elsewhere(device, (profile) => train(device, format, mode as Mode, profile));
      const what = `${STEPS} steps of training${format ? ` through ${format}` : ""}, ${how}`;
      const { losses, weights } = there.result;
      const error = relativeError(losses, host.losses);
      const tolerance = format ? ROUNDED_TOLERANCE : LOSS_TOLERANCE;
      // onnxruntime 1.30 keeps a Loop's books on the CPU under WebGPU, which takes its own way through parts.
      const elsewhereTold = mode === "loop, parts" && device === "webgpu" ? "" : there.elsewhere;
      yield { what: `${what}: losses`, error, tolerance, elsewhere: elsewhereTold };
      const off = Math.max(...[...weights].map(([name, data]) => relativeError(data, host.weights.get(name)!, 0.01)));
      yield { what: `${what}: weights`, error: off, tolerance: WEIGHT_TOLERANCE, elsewhere: "" };
    }
  }
}

async function train(device: Device, id: string | null, mode: "host" | Mode, profile?: string) {
  const { config, shapes, weights } = tinyModel();
  const graph = createGraph(device);
  const parameters = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const batch = mode.endsWith("parts") ? 1 : BATCH;
  const [tokens, labels] = ["tokens", "labels"].map((name) => input(graph, name, "int64", [batch * TIME])) as [
    Value,
    Value,
  ];
  const rounded = new Set(id ? linearLayers(config).map(({ name }) => name) : []);
  const weight = (name: string) => {
    const value = parameters.get(name)!;
    return rounded.has(name) ? fakeQuantize(graph, value, { format: parseFormat(id!) }) : value;
  };
  const mean = meanAll(graph, crossEntropy(graph, modelLogits({ graph, tokens, batch, weight }, config), labels));
  const share = mul(graph, mean, scalar(graph, batch / BATCH, "float32"));
  const all = [...parameters.values()];
  const options = { device, optimizer: adamwDefaults, clipNorm: 1, decays: (name: string) => !name.includes("norm") };
  const engine = profile ? { ...options, profile } : options;
  const losses: number[] = [];
  if (mode === "host") {
    const trainer = await createTrainer(graph, share, all, weights, engine);
    for (let k = 0; k < STEPS; k++) losses.push((await trainer.step(feeds(k, config.vocabSize), RATE)).loss);
    await trainer.release();
  } else {
    const loop = mode.startsWith("loop");
    const parts = batch < BATCH ? { parts: { count: BATCH / batch, own: ["tokens", "labels"] } } : {};
    const options = { ...engine, loop, ...parts };
    const trainer = await createDeviceTrainer(graph, share, {}, all, weights, new Map(), options);
    for (let k = 0; k < STEPS; k += 4) {
      const steps = [0, 1, 2, 3].map((i) => ({ feeds: feeds(k + i, config.vocabSize), rate: RATE }));
      losses.push(...(await trainer.run(steps)).map((each) => each.loss));
    }
    await trainer.sync();
    await trainer.release();
  }
  return { losses, weights };
}

const RATE = 1e-2;

function feeds(step: number, vocab: number) {
  const ids = (shift: number) => ({
    data: BigInt64Array.from({ length: BATCH * TIME }, (_, i) =>
      BigInt((i * i + 3 * i + 7 * step + 5 * shift) % vocab),
    ),
    shape: [BATCH * TIME],
  });
  return { tokens: ids(0), labels: ids(1) };
}

/** Recipes whose weights are rounded inside the graph, by one and by two scales, by learned scales, and by the host; and full precision. */
const RETRAININGS = [
  ["logit-kd", "int3@row"],
  ["tsld", "sf4@g8"],
  ["qad", "nvfp4"],
  ["bitdistiller", "n2f3@g8"],
  ["paretoq", "sf4@g8"],
  ["paretoq-seq", "paretoq2"],
  ["ce", null],
] as const;

/** Short distillations of a tiny model: losses of steps and of held-out windows along the way. */
export async function* retrainingChecks(device: Device): AsyncGenerator<Check> {
  for (const [recipe, id] of RETRAININGS) {
    const history = async (where: Device) => {
      const model = tinyStudent();
      const format = id && parseFormat(id);
      const data = tinyText(model.config.vocabSize);
      const options = {
        model,
        format,
        data,
        recipe: recipeById(recipe),
        tokens: 320,
        batch: 4,
        rate: 1e-3,
        device: where,
      };
      return (await retrain(options)).log.history.flatMap((each) => [each.heldoutLoss, ...Object.values(each.terms)]);
    };
    const error = relativeError(await history(device), await history("cpu"));
    const tolerance = id ? ROUNDED_TOLERANCE : LOSS_TOLERANCE;
    yield { what: `distillation ${recipe}${id ? ` into ${id}` : ""}: losses`, error, tolerance, elsewhere: "" };
  }
}
