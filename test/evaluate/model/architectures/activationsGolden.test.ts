import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inputShapes, type RunningFormats } from "../../../../evaluate/model/architectures/runningFormats.ts";
import { linearLayers, loadTokenizer, packageRoot, tensorShapes } from "../../../../evaluate/model/index.ts";
import { createEvaluator } from "../../../../evaluate/scoring/evaluator.ts";
import { fakeQuantize, parseFormat } from "../../../../formats/index.ts";
import { readModel } from "../../tinyModel.ts";

const shared = join(packageRoot(), "..", "shared");

/** transformers on torch with rounded activations and cache, by test/golden/make-activations.py. */
interface Golden {
  context: number;
  cases: { weights?: string; activations?: string; cache?: string; projections?: string; losses: number[] }[];
}

describe("stories260K with rounded activations and cache", () => {
  it("scores as transformers does with rounding by torch", async function () {
    this.timeout(60_000);
    const text = join(shared, "evaltext", "stories-sampled.txt");
    if (!existsSync(text)) {
      console.log("      skipped: ../shared has no stories260K and no stories-sampled.txt");
      this.skip();
    }
    const path = join(packageRoot(), "test", "golden", "activations.golden.json");
    const golden = JSON.parse(readFileSync(path, "utf8")) as Golden;
    const dir = join(shared, "models", "stories260K");
    const { config, weights: full } = readModel(dir);
    const layers = linearLayers(config);
    const ids = loadTokenizer(dir).encode(readFileSync(text, "utf8"));
    const { context } = golden;
    for (const { weights: weightFormat, activations, cache, projections, losses } of golden.cases) {
      const cached = cache ?? projections;
      const running: RunningFormats = {
        activation: activations ? parseFormat(activations) : null,
        range: null,
        cache: cached ? parseFormat(cached) : null,
        together: projections !== undefined,
        rotates: false,
      };
      const inputs = inputShapes(layers, running);
      const weights = new Map(full);
      for (const [name, [size]] of inputs) weights.set(name, new Float32Array(size!).fill(1));
      for (const { name, rows, cols } of weightFormat ? layers : []) {
        const out = new Float32Array(rows * cols);
        fakeQuantize(full.get(name)!, rows, cols, parseFormat(weightFormat!), out);
        weights.set(name, out);
      }
      const shapes = new Map([...tensorShapes(config), ...inputs]);
      const evaluator = await createEvaluator(config, shapes, { context, batch: 4, threads: 1, running });
      const scored = await evaluator.score(weights, ids.slice(0, losses.length * context), losses.length);
      await evaluator.release();
      const apart = losses.map((loss, i) => Math.abs(scored[i]! - loss));
      // Sums run in another order here: a number in the middle of two levels may fall on the other side, and its window
      // with it, by up to a few hundredths. The others agree as unrounded models do.
      const what = `${weightFormat} ${activations} ${cache} ${projections}: ${apart.map((x) => x.toExponential(1)).join(" ")}`;
      assert.ok(apart.filter((x) => x < 2e-6).length >= 5, what);
      assert.ok(
        apart.every((x) => x < 0.1),
        what,
      );
    }
  });
});
