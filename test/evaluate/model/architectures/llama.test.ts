import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { adamwDefaults } from "../../../../evaluate/engine/adamw.ts";
import { createSession } from "../../../../evaluate/engine/session.ts";
import { createGraph, encode, input, output } from "../../../../evaluate/graph/index.ts";
import { modelLogits } from "../../../../evaluate/model/architectures/index.ts";
import { createModelTrainer } from "../../../../evaluate/model/architectures/training.ts";
import { packageRoot, tensorShapes } from "../../../../evaluate/model/index.ts";
import { createEvaluator } from "../../../../evaluate/scoring/evaluator.ts";
import { readModel } from "../../tinyModel.ts";

/** transformers' logits, loss, gradients and AdamW steps, by test/golden/make-tiny-llama.py (float64 arithmetic). */
interface Golden {
  inputIds: number[][];
  loss: number;
  gradientNorms: Record<string, number>;
  adamw: { learningRate: number; losses: number[]; parameterNorms: Record<string, number> };
  logits: number[][][];
}

function open(name: string) {
  const dir = join(packageRoot(), "test", "golden", name);
  const golden = JSON.parse(readFileSync(join(dir, "expected.golden.json"), "utf8")) as Golden;
  const { config, weights } = readModel(dir);
  return { golden, config, weights, shapes: tensorShapes(config) };
}

function close(actual: number, expected: number, tolerance: number, what: string): void {
  const error = Math.abs(actual - expected);
  assert.ok(error <= tolerance * Math.max(1, Math.abs(expected)), `${what}: ${actual}, expected ${expected}`);
}

const norm = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));

for (const name of ["tiny-llama-tied", "tiny-llama-untied", "tiny-llama-bias", "tiny-llama-llama3"]) {
  describe(`Llama graph on ${name}`, () => {
    it("gives the logits of transformers", async () => {
      const { golden, config, weights, shapes } = open(name);
      const batch = golden.inputIds.length;
      const time = golden.inputIds[0]!.length;
      const graph = createGraph();
      const tokens = input(graph, "tokens", "int64", [batch * time]);
      const values = new Map([...shapes].map(([key, shape]) => [key, input(graph, key, "float32", shape)]));
      output(graph, "logits", modelLogits({ graph, tokens, batch, weight: (key) => values.get(key)! }, config));
      const session = await createSession(encode(graph), { threads: 1 });
      const feeds = Object.fromEntries([...shapes].map(([key, shape]) => [key, { data: weights.get(key)!, shape }]));
      const ids = BigInt64Array.from(golden.inputIds.flat(), BigInt);
      const { logits } = await session.run({ ...feeds, tokens: { data: ids, shape: [batch * time] } });
      const expected = golden.logits.flat(2);
      assert.equal(logits!.length, expected.length);
      expected.forEach((value, i) => {
        close(Number(logits![i]), value, 2e-5, `logit ${i}`);
      });
      await session.release();
    });

    it("scores windows as the mean next-token loss of transformers", async () => {
      const { golden, config, weights, shapes } = open(name);
      const context = golden.inputIds[0]!.length;
      const evaluator = await createEvaluator(config, shapes, { context, batch: 3, threads: 1 });
      const losses = await evaluator.score(weights, golden.inputIds.flat(), golden.inputIds.length);
      close(losses.reduce((a, b) => a + b) / losses.length, golden.loss, 1e-6, "loss");
      await evaluator.release();
    });

    it("gives torch's gradients and AdamW steps", async () => {
      const { golden, config, weights, shapes } = open(name);
      const batch = golden.inputIds.length;
      const time = golden.inputIds[0]!.length - 1;
      const column = (from: number) => ({
        data: BigInt64Array.from(
          golden.inputIds.flatMap((row) => row.slice(from, from + time)),
          BigInt,
        ),
        shape: [batch * time],
      });
      const options = { optimizer: adamwDefaults, clipNorm: Infinity, decays: () => true, threads: 1 };
      const trainer = await createModelTrainer(config, shapes, weights, { ...options, batch, time });
      const feeds = { tokens: column(0), labels: column(1) };
      for (const [step, expected] of golden.adamw.losses.entries()) {
        const { loss, gradNorm } = await trainer.step(feeds, golden.adamw.learningRate);
        close(loss, expected, 1e-5, `loss before step ${step + 1}`);
        if (step > 0) continue;
        const squares = Object.values(golden.gradientNorms).reduce((sum, g) => sum + g * g, 0);
        close(gradNorm, Math.sqrt(squares), 1e-5, "gradient norm");
        // The first moment after one step is 0.1 of the gradient: every parameter's gradient is checked, not only the sum.
        for (const [key, value] of Object.entries(golden.gradientNorms)) {
          close(norm(trainer.state.first.get(key)!) / (1 - adamwDefaults.beta1), value, 1e-5, `gradient of ${key}`);
        }
      }
      for (const [key, value] of Object.entries(golden.adamw.parameterNorms)) {
        close(norm(weights.get(key)!), value, 1e-5, key);
      }
      await trainer.release();
    });
  });
}
