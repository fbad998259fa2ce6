/**
 * @file `npm run retraining`: what each recipe recovers of a format's loss at equal budgets, beside rounding and GPTQ, on the
 * reference model (its own training text, held-out text to judge) or on a folder and a text, split in train, held-out and test.
 * Results are lines of a file that a second run goes on from; the table is made of them.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { createCalibrator } from "../evaluate/calibration/index.ts";
import { methodById } from "../evaluate/methods/index.ts";
import { modelLogits } from "../evaluate/model/architectures/index.ts";
import { inputShapes, inputTransforms } from "../evaluate/model/architectures/runningFormats.ts";
import { packageRoot } from "../evaluate/model/index.ts";
import { type LoadedModel, loadModel } from "../evaluate/model/loadedModel.ts";
import { createEvaluator } from "../evaluate/scoring/evaluator.ts";
import { readText } from "../evaluate/storage/dataFile.ts";
import { cutWindows } from "../evaluate/tasks/index.ts";
import { recipeById, retrain, type TokenWindows } from "../evaluate/training/index.ts";
import { runningFormatsOf } from "../evaluate/trial/runningFormatsOf.ts";
import { parseFormat } from "../formats/index.ts";
import { prepareReference } from "../models/prepareReference.ts";
import { type Line, mean, retrainingTable } from "./retrainingTable.ts";

const { values: args } = parseArgs({
  options: {
    model: { type: "string", default: "reference" },
    /** Text of a model other than the reference: its last fifth is the test. */
    text: { type: "string", default: join(packageRoot(), "..", "shared", "evaltext", "stories-sampled.txt") },
    formats: { type: "string", default: "twn,bitdistiller-int2@g64,int3@g64" },
    recipes: {
      type: "string",
      default:
        "ce,logit-kd,tsld,tsld-mean,tsld-only,forward-kl,reverse-kl,cakld,bitdistiller,bitdistiller-code,llm-qat,btt,btt-elastic,teacher-intervention,layer-kd,paretoq,lr-qat,lr-qat-8bit,l4q,rolora,roste,roste-cache,roste-clip,zeroqat,zeroqat-light,zeroqat-start,qad,learned-levels",
    },
    /** What activations and cache are rounded to as well, in training and test. */
    activation: { type: "string", default: "" },
    kv: { type: "string", default: "" },
    tokens: { type: "string", default: "100000" },
    /** Peak rates that are tried; the one with the least held-out loss is reported. */
    rates: { type: "string", default: "2e-3" },
    seeds: { type: "string", default: "0" },
    context: { type: "string", default: "256" },
    windows: { type: "string", default: "4000" },
    test: { type: "string", default: "256" },
    threads: { type: "string", default: "2" },
    out: { type: "string", default: "runs/retraining.jsonl" },
    "table-only": { type: "boolean", default: false },
  },
});
const list = (text: string) => text.split(",").map((each) => each.trim());
const context = Number(args.context);
const threads = Number(args.threads);

/** What tells a line from another. */
const KEYS = ["format", "activation", "kv", "method", "tokens", "rate", "seed"] as const;
/** Factors of the rates for recipes whose parameters are not weights in float32. */
const RATE_FACTORS: Readonly<Record<string, number>> = {
  "lr-qat": 5,
  "lr-qat-8bit": 5,
  l4q: 5,
  rolora: 5,
  "rolora-code": 5,
  zeroqat: 5e-3,
  "zeroqat-light": 5e-3,
  "zeroqat-start": 5e-3,
};

const model = loadModel(args.model);
const texts = model.name === "reference" ? referenceTexts() : splitTexts(model);
const lines = readLines();
if (!args["table-only"]) await measure();
const sizes = `${texts.data.count} training windows of ${context}, ${texts.test.count} test windows`;
process.stdout.write(`${model.name}: ${sizes}\n\n${retrainingTable(lines)}`);
process.exit(0);

function referenceTexts(): { data: TokenWindows; test: TokenWindows } {
  const { train, heldout } = prepareReference({ log: (line) => process.stderr.write(`${line}\n`) });
  return {
    data: cutWindows(train, context, { limit: Number(args.windows) }),
    test: cutWindows(heldout, context, { limit: Number(args.test) }),
  };
}

function splitTexts({ tokenizer }: LoadedModel): { data: TokenWindows; test: TokenWindows } {
  const ids = tokenizer.encode(readText(args.text));
  const cut = Math.floor(ids.length * 0.8);
  return {
    data: cutWindows(ids.slice(0, cut), context, { limit: Number(args.windows) }),
    test: cutWindows(ids.slice(cut), context, { limit: Number(args.test) }),
  };
}

function readLines(): Line[] {
  if (!existsSync(args.out)) return [];
  const all = readFileSync(args.out, "utf8").split("\n").filter(Boolean);
  return all.map((line) => JSON.parse(line) as Line).filter((line) => line.model === model.name);
}

type Key = Omit<Line, "losses" | "heldoutLoss" | "model" | "failed">;
type Result = { weights: ReadonlyMap<string, Float32Array>; heldoutLoss: number | null };

async function measure(): Promise<void> {
  mkdirSync(dirname(args.out), { recursive: true });
  const { config, shapes, linears, weights } = model;
  const settings = {
    ...(args.activation === "" ? {} : { activation: args.activation }),
    ...(args.kv === "" ? {} : { kv: args.kv }),
  };
  const calibrator = createCalibrator(
    (graph, weight, tokens, batch) => modelLogits({ graph, tokens, batch, weight }, config),
    shapes,
    linears.map(({ name }) => name),
    { ...texts.data, count: Math.min(128, texts.data.count), threads },
  );
  const losses = async (key: Key, own: ReadonlyMap<string, Float32Array>) => {
    const running = runningFormatsOf(key);
    const evaluator = await createEvaluator(config, new Map([...shapes, ...inputShapes(linears, running)]), {
      ...{ context, batch: 8, threads, running },
    });
    const all = new Map([...inputTransforms(linears, running), ...own]);
    return [...(await evaluator.score(all, texts.test.windows, texts.test.count).finally(() => evaluator.release()))];
  };
  const once = async (key: Key, act: (key: Key) => Promise<Result>) => {
    const found = lines.find((line) => KEYS.every((name) => line[name] === key[name]));
    if (found) return found;
    const start = performance.now();
    const line: Line = { model: model.name, ...key, heldoutLoss: null, losses: [] };
    try {
      const done = await act(key);
      line.heldoutLoss = done.heldoutLoss;
      line.losses = await losses(key, done.weights);
    } catch (error) {
      line.failed = (error as Error).message;
    }
    lines.push(line);
    appendFileSync(args.out, `${JSON.stringify(line)}\n`);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const result = line.failed ?? `test ${mean(line.losses).toFixed(4)}`;
    const words = [key.format, key.activation, key.kv, key.method, key.tokens, `rate ${key.rate}`, `seed ${key.seed}`];
    process.stderr.write(`${words.filter((word) => word !== undefined).join(" ")}: ${result} (${seconds} s)\n`);
    return line;
  };
  const quantized = async (key: Key, method: string): Promise<Result> => {
    const running = runningFormatsOf(key);
    const own = new Map(linears.map(({ name }) => [name, new Float32Array(weights.get(name)!.length)]));
    const into = new Map([...own, ...inputTransforms(linears, running)]);
    const training = { config, shapes, data: texts.data, running, engine: { threads } };
    const input = { format: parseFormat(key.format), matrices: linears, weights, into, calibrator, training };
    const { training: log, replaced } = await methodById(method).quantize(input);
    return {
      weights: new Map([...weights, ...into, ...(replaced ?? [])]),
      heldoutLoss: log?.best.heldoutLoss ?? null,
    };
  };
  const rounded = (key: Key) => quantized(key, key.method);
  const trained = (key: Key) => {
    const { method, tokens, rate, seed } = key;
    return quantized(key, `${method}:tokens=${tokens}:rate=${rate}:seed=${seed}`);
  };
  /** What the text alone does to the model. */
  const full = async ({ tokens, rate }: Key): Promise<Result> => {
    const options = { model, format: null, recipe: recipeById("ce"), data: texts.data, tokens, rate: rate!, threads };
    const { weights: own, log } = await retrain(options);
    return { weights: own, heldoutLoss: log.best.heldoutLoss };
  };
  const none = { tokens: 0, rate: null, seed: 0 };
  await once({ format: "fp32", method: "none", ...none }, async () => ({ weights, heldoutLoss: null }));
  const budgets = list(args.tokens).map(Number);
  const recipes = list(args.recipes);
  const rates = list(args.rates).map(Number);
  const seeds = list(args.seeds).map(Number);
  for (const tokens of budgets) await once({ format: "fp32", method: "ce", tokens, rate: 1e-4, seed: 0 }, full);
  for (const format of list(args.formats)) {
    const setting = { format, ...settings };
    // Methods that calibrate do so on a model in full precision.
    const methods = Object.keys(settings).length > 0 ? ["rtn"] : ["rtn", "gptq", "clip+gptq"];
    for (const method of methods) await once({ ...setting, method, ...none }, rounded);
    for (const tokens of budgets) {
      for (const recipe of recipes) {
        const tried: Line[] = [];
        for (const rate of rates.map((each) => each * (RATE_FACTORS[recipe] ?? 1)))
          tried.push(await once({ ...setting, method: recipe, tokens, rate, seed: 0 }, trained));
        const best = tried.filter((line) => !line.failed).sort((a, b) => a.heldoutLoss! - b.heldoutLoss!)[0];
        for (const seed of best ? seeds.filter((each) => each !== 0) : [])
          await once({ ...setting, method: recipe, tokens, rate: best!.rate, seed }, trained);
      }
    }
  }
  await calibrator.release();
}
