import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../evaluate/model/index.ts";
import { rotateModel } from "../../evaluate/rotate.ts";
import { logitChange } from "../../evaluate/rotation/logitChange.ts";
import { rotateResidual } from "../../evaluate/rotation/rotateResidual.ts";
import { writeTinyModel } from "../cli/tinyModel.ts";
import { readModel } from "./tinyModel.ts";

const folder = mkdtempSync(join(tmpdir(), "bitfrontier-rotate-"));
after(() => rmSync(folder, { recursive: true }));
const golden = (model: string) => join(packageRoot(), "test", "golden", model);

function weightsOf(dir: string) {
  return readModel(dir);
}

describe("rotateResidual", () => {
  it("changes every matrix and keeps the norm of each token's embedding", () => {
    const { config, weights } = weightsOf(golden("tiny-llama-tied"));
    const rotated = rotateResidual(config, weights, { name: "tiny", seed: 1 });
    const [before, after] = [weights, rotated.weights].map((each) => each.get("model.embed_tokens.weight")!);
    const d = config.hiddenSize;
    for (let row = 0; row < before!.length; row += d) {
      const [a, b] = [before, after].map((x) => Math.hypot(...x!.subarray(row, row + d)));
      assert.ok(Math.abs(a! - b!) < 1e-6 * a!);
    }
    for (const [name, data] of weights) assert.notDeepEqual(rotated.weights.get(name), data, name);
    assert.ok(rotated.weights.get("model.layers.0.input_layernorm.weight")!.every((gain) => gain === 1));
  });

  for (const model of ["tiny-gpt2", "tiny-opt", "tiny-gemma2", "tiny-bloom"]) {
    it(`refuses ${model}, naming the model, its architecture and what serves it`, () => {
      const { config, weights } = weightsOf(golden(model));
      assert.throws(() => rotateResidual(config, weights, { name: model, seed: 0 }), {
        name: "UserError",
        message: new RegExp(`^${model}: \\w+ has no residual stream that can be rotated.*method hadamard`),
      });
    });
  }
});

describe("logitChange", () => {
  for (const model of [
    "tiny-llama-tied",
    "tiny-llama-bias",
    "tiny-mistral",
    "tiny-qwen2",
    "tiny-qwen3",
    "tiny-gemma",
  ]) {
    it(`is nothing for a rotated ${model}, and much for a rotation that misses one layer`, async () => {
      const { config, weights } = weightsOf(golden(model));
      const rotated = rotateResidual(config, weights, { name: model, seed: 7 });
      assert.equal(rotated.config.tieWordEmbeddings, false);
      assert.ok((await logitChange({ config, weights }, rotated)).change < 2e-6);
      const name = "model.layers.1.mlp.up_proj.weight";
      rotated.weights.set(name, weights.get(name)!);
      assert.ok((await logitChange({ config, weights }, rotated)).change > 1e-3);
    });
  }
});

describe("rotateModel", () => {
  it("writes a folder that loads as the same function, with a record of what was done", async () => {
    const out = join(folder, "rotated");
    const record = await rotateModel({ model: writeTinyModel(join(folder, "tiny")), out, seed: 3, versions: {} });
    assert.deepEqual(record.rotation, { seed: 3, residualBlock: 32, headBlock: 8 });
    assert.ok(record.logitChange < 2e-6);
    assert.deepEqual(JSON.parse(readFileSync(join(out, "bitfrontier.json"), "utf8")), record);
    const { change } = await logitChange(weightsOf(join(folder, "tiny")), weightsOf(out));
    assert.equal(change, record.logitChange);
    await assert.rejects(rotateModel({ model: out, out, versions: {} }), /not empty/);
  });
});
