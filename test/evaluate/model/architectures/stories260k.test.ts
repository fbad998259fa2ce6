import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadTokenizer, packageRoot, tensorShapes } from "../../../../evaluate/model/index.ts";
import { createEvaluator } from "../../../../evaluate/scoring/evaluator.ts";
import { cutWindows, perplexityOf } from "../../../../evaluate/tasks/index.ts";
import { readModel } from "../../tinyModel.ts";

const shared = join(packageRoot(), "..", "shared");

/** transformers on torch, by test/golden/make-stories260k.py. */
interface Golden {
  stories260K: {
    tokenCount: number;
    windows: { context: number; count: number; perplexity: number; losses: number[] }[];
  };
}

describe("stories260K", () => {
  it("scores as transformers does, per window and in perplexity, to 1e-5 relative", async function () {
    const text = join(shared, "evaltext", "stories-sampled.txt");
    if (!existsSync(text)) {
      console.log("      skipped: ../shared has no stories260K and no stories-sampled.txt");
      this.skip();
    }
    const path = join(packageRoot(), "test", "golden", "stories260k.golden.json");
    const { stories260K: golden } = JSON.parse(readFileSync(path, "utf8")) as Golden;
    const dir = join(shared, "models", "stories260K");
    const { config, weights } = readModel(dir);
    const ids = loadTokenizer(dir).encode(readFileSync(text, "utf8"));
    assert.equal(ids.length, golden.tokenCount);
    for (const { context, count, perplexity, losses } of golden.windows) {
      const cut = cutWindows(ids, context, { limit: count });
      assert.equal(cut.count, count);
      const evaluator = await createEvaluator(config, tensorShapes(config), { context, batch: 8 });
      const scored = await evaluator.score(weights, cut.windows, cut.count);
      losses.forEach((loss, i) => {
        assert.ok(Math.abs(scored[i]! - loss) < 1e-5 * loss, `window ${i} of ${context}: ${scored[i]} against ${loss}`);
      });
      assert.ok(Math.abs(perplexityOf(scored).perplexity! - perplexity) < 1e-5 * perplexity);
      await evaluator.release();
    }
  });
});
