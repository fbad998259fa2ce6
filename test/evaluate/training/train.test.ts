import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hadamardRotation } from "../../../evaluate/hadamard/index.ts";
import { shuffledWindows, splitHeldout } from "../../../evaluate/training/batches.ts";
import { type RetrainOptions, recipeById, recipes, retrain } from "../../../evaluate/training/index.ts";
import { rateShare } from "../../../evaluate/training/recipe.ts";
import { perturb } from "../../../evaluate/training/spsa.ts";
import { fakeQuantize, parseFormat, UserError } from "../../../formats/index.ts";
import { golden } from "./golden.ts";
import { tinyModel, tinyText } from "./tiny.ts";

const model = tinyModel();
const data = tinyText(model.config.vocabSize);

function run(recipe: string, format: string | null, options: Partial<RetrainOptions> = {}) {
  return retrain({
    model,
    format: format === null ? null : parseFormat(format),
    recipe: recipeById(recipe),
    data,
    tokens: 640,
    batch: 4,
    rate: 1e-2,
    threads: 1,
    ...options,
  });
}

describe("retraining", () => {
  for (const [recipe, format] of [
    ["tsld", "twn"],
    ["logit-kd", "int3@row"],
    ["bitdistiller", "n2f3@g8"],
    ["qad", "nvfp4"],
  ] as const) {
    it(`${recipe} in ${format}: learns, and rounding the result to nearest changes nothing`, async () => {
      const { weights, log } = await run(recipe, format, { rate: 1e-3, tokens: 1280 });
      const [first, last] = [log.history[0]!, log.history.at(-1)!];
      for (const [term, value] of Object.entries(last.terms)) assert.ok(value < first.terms[term]!, `${term} ${value}`);
      for (const { name, rows, cols } of model.linears) {
        const own = weights.get(name)!;
        const again = new Float32Array(own.length);
        fakeQuantize(own, rows, cols, parseFormat(format), again);
        assert.deepEqual(again, own, name);
        assert.notDeepEqual(own, model.weights.get(name), name);
      }
    });
  }

  for (const { id, format } of recipes) {
    it(`${id} runs on this model, ends on few values of ${format} and says what it did`, async () => {
      const own = format.replace("g128", "g8").replace("g64", "g8").replace("n2f3", "n2f3@g8");
      const { weights, log } = await run(id, own, { tokens: 128, rate: 1e-3 });
      assert.equal(log.steps, 4);
      assert.equal(log.tokens, 128);
      assert.deepEqual(
        Object.keys(log.history[0]!.terms).sort(),
        recipeById(id)
          .terms.map(({ loss }) => loss)
          .sort(),
      );
      const first = model.linears[0]!;
      const row = weights.get(first.name)!.subarray(0, 8);
      assert.ok(new Set(row).size <= 8 && row.some((w) => w !== 0), `${row}`);
    });
  }

  it("resumes bit-equal to an uninterrupted run", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bitfrontier-"));
    try {
      const whole = await run("tsld", "twn");
      const checkpoint = { path: join(folder, "training.safetensors"), run: "one" };
      const abort = new AbortController();
      const first = run("tsld", "twn", {
        checkpoint,
        signal: abort.signal,
        onProgress: ({ step }) => step === 8 && abort.abort(),
      });
      await assert.rejects(first, /interrupted after step 8 of 20/);
      const rest = await run("tsld", "twn", { checkpoint });
      assert.deepEqual(rest.log.history, whole.log.history);
      for (const [name, values] of whole.weights) assert.deepEqual(rest.weights.get(name), values, name);
      await assert.rejects(
        run("tsld", "twn", { checkpoint: { ...checkpoint, run: "two" } }),
        /training\.safetensors: a checkpoint of another run/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("stops at a number that is not finite, naming recipe, step and term", async () => {
    const weights = new Map(model.weights);
    weights.set("model.norm.weight", new Float32Array(model.config.hiddenSize).fill(Number.POSITIVE_INFINITY));
    await assert.rejects(
      run("logit-kd", "twn", { model: { ...model, weights } }),
      (e) =>
        e instanceof UserError && /logit-kd diverged at step 1 of 20: term logit-kd is (NaN|Infinity)/.test(e.message),
    );
  });

  it("stops where a term has left all bounds", async () => {
    await assert.rejects(
      run("ce", "int3@row", { rate: 30, tokens: 3200 }),
      /ce diverged at step \d+ of 100: term ce is [\d.]+ nats per token after [\d.]+ at the first/,
    );
  });

  it("stops when the held-out loss no longer falls, and keeps the best parameters", async () => {
    const { log } = await run("logit-kd", "int3@row", { tokens: 3200 });
    assert.equal(log.stoppedBy, "held-out loss");
    assert.ok(log.steps < 100);
    const lowest = Math.min(log.best.heldoutLoss, ...log.history.map((entry) => entry.heldoutLoss));
    assert.equal(log.best.heldoutLoss, lowest);
  });

  it("makes as many whole steps as its tokens allow, of fewer windows where one would exceed them", async () => {
    const { log } = await run("ce", "twn", { tokens: 100 });
    assert.deepEqual([log.batch, log.steps, log.tokens, log.budget.tokens], [4, 3, 96, 100]);
    const small = await run("ce", "twn", { tokens: 31 });
    assert.deepEqual([small.log.batch, small.log.steps, small.log.tokens], [3, 1, 24]);
    await assert.rejects(run("ce", "twn", { tokens: 7 }), /a budget of 7 tokens is less than one window of 8/);
  });

  it("says what each term is measured in", async () => {
    const { log } = await run("btt", "btt-ternary", { tokens: 32 });
    assert.deepEqual(log.units, {
      "logit-kd": "nats per token",
      scores: "squared units",
      hidden: "squared units",
      ce: "nats per token",
    });
  });

  it("stops at its time", async () => {
    const { log } = await run("ce", "int3@row", { tokens: 1e9, seconds: 0.2 });
    assert.equal(log.stoppedBy, "time");
    assert.deepEqual(log.budget, { tokens: 1e9, seconds: 0.2 });
  });

  it("rounds activations and cache too, as the model is then scored", async () => {
    const running = {
      activation: parseFormat("int4@row"),
      cache: parseFormat("int3@row"),
      range: null,
      rotates: false,
    };
    const [one, other] = [await run("llm-qat-code", "llmqat4", { running }), await run("llm-qat-code", "llmqat4")];
    const terms = [one, other].map(({ log }) => log.history[0]!.terms["forward-kl"]!);
    assert.ok(terms[0]! > 1.1 * terms[1]!, `${terms}`);
    assert.notEqual(one.log.best.heldoutLoss, other.log.best.heldoutLoss);
  });

  const w4a4 = { activation: parseFormat("int4@row"), cache: null, range: null, rotates: false };

  it("btt-elastic learns a range for the inputs of each layer", async () => {
    const { log } = await run("btt-elastic", "btt-ternary", { running: w4a4, rate: 1e-3 });
    const start = await run("btt-elastic", "btt-ternary", { running: w4a4, rate: 1e-9, tokens: 32 });
    const ranges = model.linears.map(({ name }) => [log.inputRanges![name]!, start.log.inputRanges![name]!] as const);
    assert.ok(ranges.every(([learned, began]) => learned > 0 && learned !== began && Math.abs(learned - began) < 0.05));
    const alone = await run("btt-elastic", "btt-ternary", { tokens: 32 });
    assert.equal(alone.log.inputRanges, undefined);
  });

  it("roste rotates the layers that round better for it, roste-rotated all, and both end on the rotated grid", async () => {
    const weights = new Map(model.weights);
    // One large input channel in the first layer's weights: a rotation spreads it.
    const [outlier] = model.linears;
    const spoilt = weights.get(outlier!.name)!.map((w, i) => (i % outlier!.cols === 1 ? 8 * w : w));
    const small = {
      running: w4a4,
      tokens: 32,
      rate: 1e-3,
      model: { ...model, weights: weights.set(outlier!.name, spoilt) },
    };
    const [chosen, all] = [await run("roste", "int4@row", small), await run("roste-rotated", "int4@row", small)];
    assert.deepEqual(
      all.log.rotated,
      model.linears.map(({ name }) => name),
    );
    assert.ok(chosen.log.rotated!.includes(outlier!.name), `${chosen.log.rotated}`);
    for (const { weights: got, log } of [chosen, all]) {
      for (const { name, rows, cols } of model.linears) {
        const own = got.get(name)!.slice();
        if (log.rotated!.includes(name)) hadamardRotation(cols, 0)!.apply(own);
        const again = new Float32Array(own.length);
        fakeQuantize(own, rows, cols, parseFormat("int4@row:fp32"), again);
        assert.ok(
          own.every((w, i) => Math.abs(w - again[i]!) < 1e-3 * Math.abs(w) + 1e-6),
          name,
        );
      }
    }
  });

  it("rolora learns in full precision: the first terms are the model's own, what is judged is rounded", async () => {
    const still = { rate: 1e-9, tokens: 32 };
    const [rounded, exact] = [await run("rolora", "int2@row", still), await run("rolora", null, still)];
    const [own, full] = [rounded, exact].map(({ log }) => log.history[0]!);
    assert.ok(Math.abs(own!.terms.ce! - full!.terms.ce!) < 1e-5, `${own!.terms.ce} ${full!.terms.ce}`);
    assert.ok(Math.abs(own!.heldoutLoss - full!.heldoutLoss) > 1e-3, `${own!.heldoutLoss} ${full!.heldoutLoss}`);
  });

  it("l4q resumes bit-equal from before, at and after the end of its warm-up", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bitfrontier-"));
    const format = "int3@g8";
    try {
      // 20 steps, of which two warm up; the held-out loss is taken every second.
      const whole = await run("l4q", format);
      for (const stop of [0, 1, 2, 3]) {
        const checkpoint = { path: join(folder, `${stop}.safetensors`), run: "one" };
        let asked = 0;
        const first = run("l4q", format, {
          checkpoint,
          signal: {
            get aborted() {
              return asked++ === stop;
            },
          } as AbortSignal,
        });
        await assert.rejects(first, new RegExp(`interrupted after step ${stop} of 20`));
        const rest = await run("l4q", format, { checkpoint });
        for (const [name, values] of whole.weights) assert.deepEqual(rest.weights.get(name), values, `${stop} ${name}`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("zeroqat-light and rolora-code move queries and values alone; the rest is rounded", async () => {
    for (const [recipe, format] of [
      ["zeroqat-light", "int3@row"],
      ["rolora-code", "int4@row"],
    ] as const) {
      const { weights, log } = await run(recipe, format, { tokens: 64, rate: 1e-3 });
      for (const { name, rows, cols } of model.linears) {
        const rotation = log.rotated ? hadamardRotation(cols, 0)! : null;
        const turned = model.weights.get(name)!.slice();
        rotation?.apply(turned);
        fakeQuantize(turned, rows, cols, parseFormat(format), turned);
        rotation?.apply(turned, true);
        const same = weights.get(name)!.every((w, i) => w === turned[i]);
        if (!/[qv]_proj/.test(name)) assert.ok(same, `${recipe} ${name}`);
      }
    }
  });

  it("is another run with another seed, and the same with the same", async () => {
    const [one, same, other] = [await run("ce", "twn"), await run("ce", "twn"), await run("ce", "twn", { seed: 1 })];
    const name = model.linears[0]!.name;
    assert.deepEqual(same.weights.get(name), one.weights.get(name));
    assert.notDeepEqual(other.weights.get(name), one.weights.get(name));
  });

  it("leaves the model it was given as it was", async () => {
    const before = new Map([...model.weights].map(([name, values]) => [name, values.slice()]));
    await run("bitdistiller", "n2f3@g8", { tokens: 64 });
    for (const [name, values] of before) assert.deepEqual(model.weights.get(name), values);
  });

  it("refuses a text too short to hold anything out", async () => {
    const short = { ...data, windows: data.windows.subarray(0, 9), count: 1 };
    await assert.rejects(
      run("ce", "twn", { data: short }),
      /training text: 1 windows of 9 tokens; retraining needs at least 2/,
    );
  });
});

describe("simultaneous perturbation", () => {
  it("projects the gradient as the numpy golden vector has it, and moves along it", async () => {
    const { theta, z, projected } = golden.numpy.spsa;
    // On a quadratic the projection is exact: ĝ = ∇f·z.
    assert.ok(Math.abs(theta.reduce((sum, t, i) => sum + 2 * t * z[i]!, 0) - projected) < 1e-6);
    const data = Float32Array.from(theta);
    const moved = data.slice();
    const loss = async () => data.reduce((sum, t) => sum + t * t, 0);
    const size = await perturb(new Map([["theta", data]]), { epsilon: 1e-2, samples: 1 }, 1e-3, 7, loss);
    const step = data.map((t, i) => t - moved[i]!);
    // The step is −rate·ĝ·z with one z: its size and its slope against the gradient follow from each other.
    const along = step.reduce((sum, d, i) => sum + d * 2 * theta[i]!, 0);
    assert.ok(Math.abs(along + 1e-3 * size ** 2) < 1e-3 * size ** 2 * 0.02, `${along} ${size}`);
  });
});

describe("what a run is made of", () => {
  it("rates rise over the warm-up and fall by their schedule", () => {
    const at = (shape: "linear" | "cosine" | "constant" | "half-linear", step: number) =>
      rateShare(shape, 0.2, step, 10);
    assert.deepEqual(
      [0, 1, 2, 6].map((step) => at("linear", step)),
      [1 / 3, 2 / 3, 1, 0.5],
    );
    assert.equal(at("cosine", 6), 0.5);
    assert.equal(at("constant", 9), 1);
    assert.equal(at("half-linear", 6), 0.75);
  });

  it("every epoch sees each window once, in another order", () => {
    const order = shuffledWindows(12, 4, 0);
    const epochs = [0, 1].map((epoch) => [0, 1, 2].flatMap((k) => order(3 * epoch + k)));
    for (const epoch of epochs)
      assert.deepEqual(
        [...epoch].sort((a, b) => a - b),
        Array.from({ length: 12 }, (_, i) => i),
      );
    assert.notDeepEqual(epochs[0], epochs[1]);
  });

  it("one window in sixteen is held out, at most 64 and at least one", () => {
    const counts = (count: number) => {
      const { train, heldout } = splitHeldout({ windows: new Int32Array(count * 2), count, context: 2 });
      return [train.count, heldout.count];
    };
    assert.deepEqual(counts(160), [150, 10]);
    assert.deepEqual(counts(6400), [6336, 64]);
    assert.deepEqual(counts(5), [4, 1]);
  });
});
