/**
 * @file `npm run train:reference`: trains the embedded reference model from public-domain text, with this project's own
 * tokenizer trainer, graph builder and AdamW. Interrupt it at any time; the next call resumes from the checkpoint.
 */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { adamwDefaults } from "../evaluate/engine/adamw.ts";
import { createModelTrainer } from "../evaluate/model/architectures/training.ts";
import { packageRoot, readModelConfig, tensorShapes, writeSafetensors } from "../evaluate/model/index.ts";
import { readCheckpoint, writeCheckpoint } from "../evaluate/model/trainerCheckpoint.ts";
import { normals, uniforms } from "../evaluate/random.ts";
import { createEvaluator } from "../evaluate/scoring/evaluator.ts";
import { ensureWritableDir } from "../evaluate/storage/files.ts";
import { writeModelCard } from "./modelCard.ts";
import { prepareReference, writeReferenceFiles } from "./prepareReference.ts";
import { rateAt } from "./schedule.ts";

const { values: args } = parseArgs({
  options: {
    steps: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
    threads: { type: "string", default: "2" },
    out: { type: "string", default: join(packageRoot(), "models", "reference") },
  },
});
const BATCH = 8;
const CONTEXT = 256;
const VALIDATE_EVERY = 500;
const schedule = { peak: 3e-3, warmup: 200, steps: Number(args.steps), decay: 0.2 };
const seed = Number(args.seed);
const say = (line: string) => process.stderr.write(`${line}\n`);

// The architecture is the committed config.json: rows of 256 hold two groups of 128, so group sizes mean something.
const home = join(packageRoot(), "models", "reference");
const config = readModelConfig(home);
const shapes = tensorShapes(config);
ensureWritableDir(args.out);
const prepared = prepareReference({ log: say });
const work = join(packageRoot(), ".cache", "reference-training");
ensureWritableDir(work);
const checkpoint = join(work, "checkpoint.safetensors");
// The total is left out on purpose: until the decay begins, runs of different lengths are the same run.
const recipe = createHash("sha256")
  .update(JSON.stringify({ config, BATCH, CONTEXT, seed, peak: schedule.peak, warmup: schedule.warmup }))
  .update(prepared.tokenizerJson)
  .digest("hex");

const weights = initialWeights();
const state = existsSync(checkpoint) ? readCheckpoint(checkpoint, recipe, weights) : undefined;
const threads = Number(args.threads);
const trainer = await createModelTrainer(
  config,
  shapes,
  weights,
  {
    batch: BATCH,
    time: CONTEXT,
    threads,
    optimizer: adamwDefaults,
    clipNorm: 1,
    decays: (name) => !name.includes("norm"),
  },
  state,
);
const evaluator = await createEvaluator(config, shapes, { context: CONTEXT, batch: BATCH, threads });
const validationWindows = Math.min(256, Math.floor(prepared.validation.length / CONTEXT));
if (state) say(`resumed at step ${state.step}`);

let stop = false;
process.once("SIGINT", () => {
  stop = true;
});
const started = performance.now();
const first = trainer.state.step;
let recent = 0;
while (trainer.state.step < schedule.steps && !stop) {
  const step = trainer.state.step;
  const { loss } = await trainer.step(sample(step), rateAt(step, schedule));
  recent = recent === 0 ? loss : 0.99 * recent + 0.01 * loss;
  if (trainer.state.step % VALIDATE_EVERY === 0) {
    const validation = mean(await evaluator.score(weights, prepared.validation, validationWindows));
    const rate = ((trainer.state.step - first) * BATCH * CONTEXT) / (performance.now() - started);
    say(
      `step ${trainer.state.step}/${schedule.steps}  train ${recent.toFixed(4)}  validation ${validation.toFixed(4)} nats  ${rate.toFixed(1)}k tokens/s`,
    );
    writeCheckpoint(checkpoint, recipe, weights, trainer.state);
  }
}
writeCheckpoint(checkpoint, recipe, weights, trainer.state);
if (stop) say(`stopped at step ${trainer.state.step}; run again to resume`);
else {
  writeReferenceFiles(prepared, args.out);
  if (args.out !== home) copyFileSync(join(home, "config.json"), join(args.out, "config.json"));
  const entries = [...shapes].map(([name, shape]) => ({ name, shape, data: weights.get(name)! }));
  const metadata = { format: "pt", steps: String(schedule.steps), seed: String(seed) };
  writeSafetensors(join(args.out, "model.safetensors"), entries, { dtype: "BF16", metadata });
  await writeModelCard(args.out, {
    steps: schedule.steps,
    tokensPerStep: BATCH * CONTEXT,
    trainTokens: prepared.train.length,
    seed,
    peakRate: schedule.peak,
    validationLoss: mean(await evaluator.score(weights, prepared.validation, validationWindows)),
  });
  say(`reference model and its card written to ${args.out}`);
}
await trainer.release();
await evaluator.release();

function initialWeights(): Map<string, Float32Array> {
  const random = normals(seed);
  return new Map(
    [...shapes].map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
      // Projections into the residual stream start smaller, by the number of them (Radford et al. 2019, §2.3).
      const residual = /o_proj|down_proj/.test(name) ? 1 / Math.sqrt(2 * config.numLayers) : 1;
      if (shape.length === 1) data.fill(1);
      else for (let i = 0; i < data.length; i++) data[i] = 0.02 * residual * random();
      return [name, data];
    }),
  );
}

/** Windows at random places of the training stream; a function of (seed, step), so a resumed run sees the same. */
function sample(step: number) {
  const uniform = uniforms(Math.imul(seed, 0x9e3779b1) + step);
  const tokens = new BigInt64Array(BATCH * CONTEXT);
  const labels = new BigInt64Array(BATCH * CONTEXT);
  for (let b = 0; b < BATCH; b++) {
    const at = Math.floor(uniform() * (prepared.train.length - CONTEXT));
    for (let t = 0; t < CONTEXT; t++) {
      tokens[b * CONTEXT + t] = BigInt(prepared.train[at + t]!);
      labels[b * CONTEXT + t] = BigInt(prepared.train[at + t + 1]!);
    }
  }
  const shape = [BATCH * CONTEXT];
  return { tokens: { data: tokens, shape }, labels: { data: labels, shape } };
}

function mean(x: Float64Array): number {
  return x.reduce((a, b) => a + b, 0) / x.length;
}
