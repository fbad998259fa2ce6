import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot, tensorShapes } from "../../../evaluate/model/index.ts";
import { createDivergenceScorer } from "../../../evaluate/scoring/divergence.ts";
import { readModel } from "../tinyModel.ts";

/** transformers' logits, by test/golden/make-tiny-llama.py (float64 arithmetic). */
interface Golden {
  inputIds: number[][];
  logits: number[][][];
}

describe("createDivergenceScorer", () => {
  const dir = join(packageRoot(), "test", "golden", "tiny-llama-untied");
  const golden = JSON.parse(readFileSync(join(dir, "expected.golden.json"), "utf8")) as Golden;
  const { config, weights } = readModel(dir);
  const [count, context] = [golden.inputIds.length, golden.inputIds[0]!.length];
  const score = async (other: Map<string, Float32Array>) => {
    const scorer = await createDivergenceScorer(config, tensorShapes(config), { context, batch: 3, threads: 1 });
    const result = await scorer.score(weights, other, golden.inputIds.flat(), count);
    await scorer.release();
    return result;
  };

  it("is zero, with the same token everywhere, between a model and itself", async () => {
    const { kl, same } = await score(weights);
    assert.equal(kl.length, count * (context - 1));
    assert.ok(kl.every((value) => value === 0));
    assert.ok(same.every((value) => value === 1));
  });

  it("is that of transformers' logits from half of them, when the head is halved", async () => {
    const half = new Map(weights).set(
      "lm_head.weight",
      weights.get("lm_head.weight")!.map((w) => w / 2),
    );
    const { kl, same, nll } = await score(half);
    const logSoftmax = (x: number[]) => {
      const most = Math.max(...x);
      const total = Math.log(x.reduce((sum, v) => sum + Math.exp(v - most), 0));
      return x.map((v) => v - most - total);
    };
    golden.logits.forEach((window, w) => {
      window.slice(0, -1).forEach((logits, t) => {
        const [p, q] = [logSoftmax(logits), logSoftmax(logits.map((v) => v / 2))];
        const expected = p.reduce((sum, v, i) => sum + Math.exp(v) * (v - q[i]!), 0);
        const at = w * (context - 1) + t;
        assert.ok(Math.abs(kl[at]! - expected) < 1e-5, `${w}, ${t}: ${kl[at]} against ${expected}`);
        assert.ok(Math.abs(nll[at]! + q[golden.inputIds[w]![t + 1]!]!) < 2e-5);
      });
    });
    assert.ok(Math.max(...kl) > 1e-3);
    // Halving all logits leaves the most likely token.
    assert.ok(same.every((value) => value === 1));
  });

  it("sees other tokens on top when the head is turned round", async () => {
    const turned = new Map(weights).set(
      "lm_head.weight",
      weights.get("lm_head.weight")!.map((w) => -w),
    );
    assert.ok((await score(turned)).same.every((value) => value === 0));
  });
});
