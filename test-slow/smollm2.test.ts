import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "../evaluate/index.ts";
import { packageRoot } from "../evaluate/model/index.ts";
import { createEvaluator } from "../evaluate/scoring/evaluator.ts";

/** transformers on torch, by test/golden/make-smollm2.py. */
interface Golden {
  ggufSha256: string;
  textSha256: string;
  tokenCount: number;
  idsSha256: string;
  embeddingSha256: string;
  queryWeightSha256: string;
  context: number;
  windows: { index: number; loss: number }[];
}

const sha256 = (data: string | Uint8Array | Float32Array | Int32Array) =>
  createHash("sha256").update(data).digest("hex");

describe("SmolLM2-135M-Instruct, Q4_1, from a GGUF file", () => {
  it("has the ids, weights and losses of transformers", async function () {
    this.timeout(600_000);
    const path = join(packageRoot(), ".cache", "SmolLM2-135M-Instruct.Q4_1.gguf");
    const textPath = join(packageRoot(), "..", "shared", "evaltext", "wikitext2-raw-test.joined.txt");
    if (!existsSync(path) || !existsSync(textPath)) {
      console.log("      skipped: needs ../shared and the model that test/golden/make-smollm2.py downloads");
      return this.skip();
    }
    const golden = JSON.parse(
      readFileSync(join(packageRoot(), "test", "golden", "smollm2.golden.json"), "utf8"),
    ) as Golden;
    const text = readFileSync(textPath, "utf8");
    assert.equal(sha256(text), golden.textSha256);
    const model = loadModel(path);
    assert.equal(model.sha256, golden.ggufSha256);
    assert.equal(sha256(model.weights.get("model.embed_tokens.weight")!), golden.embeddingSha256);
    assert.equal(sha256(model.weights.get("model.layers.0.self_attn.q_proj.weight")!), golden.queryWeightSha256);
    const ids = model.tokenizer.encode(text);
    assert.equal(ids.length, golden.tokenCount);
    assert.equal(sha256(ids), golden.idsSha256);
    const { context } = golden;
    const windows = golden.windows.flatMap(({ index }) => [...ids.subarray(index * context, (index + 1) * context)]);
    const evaluator = await createEvaluator(model.config, model.shapes, { context, batch: 1 });
    const losses = await evaluator.score(model.weights, windows, golden.windows.length);
    await evaluator.release();
    golden.windows.forEach(({ index, loss }, i) => {
      // float32 in another order: 8e-6 was the largest difference seen.
      assert.ok(Math.abs(losses[i]! - loss) < 1e-4, `window ${index}: ${losses[i]} against ${loss}`);
    });
  });
});
