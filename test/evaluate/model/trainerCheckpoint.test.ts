import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { adamwDefaults } from "../../../evaluate/engine/adamw.ts";
import type { Trainer, TrainerState } from "../../../evaluate/engine/trainer.ts";
import { createModelTrainer } from "../../../evaluate/model/architectures/training.ts";
import { packageRoot, tensorShapes } from "../../../evaluate/model/index.ts";
import { readCheckpoint, writeCheckpoint } from "../../../evaluate/model/trainerCheckpoint.ts";
import { readModel } from "../tinyModel.ts";

const BATCH = 2;
const TIME = 8;
const source = join(packageRoot(), "test", "golden", "tiny-llama-tied");

function start() {
  const { config, weights } = readModel(source);
  const shapes = tensorShapes(config);
  const trainer = (state?: TrainerState) =>
    createModelTrainer(
      config,
      shapes,
      weights,
      {
        batch: BATCH,
        time: TIME,
        threads: 1,
        optimizer: adamwDefaults,
        clipNorm: 1,
        decays: (n) => !n.includes("norm"),
      },
      state,
    );
  return { weights, trainer };
}

function feeds(step: number) {
  const ids = (shift: number) =>
    BigInt64Array.from({ length: BATCH * TIME }, (_, i) => BigInt((i * 7 + step * 3 + shift) % 64));
  return { tokens: { data: ids(0), shape: [BATCH * TIME] }, labels: { data: ids(1), shape: [BATCH * TIME] } };
}

async function run(trainer: Trainer, from: number, to: number): Promise<number> {
  let loss = Number.NaN;
  for (let step = from; step < to; step++) ({ loss } = await trainer.step(feeds(step), 1e-2));
  return loss;
}

describe("training checkpoints", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("resume bit-equal to an uninterrupted run", async () => {
    const whole = start();
    const one = await whole.trainer();
    const expected = await run(one, 0, 6);
    await one.release();

    const path = join(folder, "checkpoint.safetensors");
    const half = start();
    const before = await half.trainer();
    await run(before, 0, 3);
    writeCheckpoint(path, "recipe", half.weights, before.state);
    await before.release();

    const rest = start();
    const state = readCheckpoint(path, "recipe", rest.weights);
    assert.equal(state.step, 3);
    const after = await rest.trainer(state);
    assert.equal(await run(after, 3, 6), expected);
    for (const [name, data] of whole.weights) assert.deepEqual(rest.weights.get(name), data, name);
    await after.release();
  });

  it("of another recipe are refused, naming the file", async () => {
    const { weights, trainer } = start();
    const one = await trainer();
    const path = join(folder, "checkpoint.safetensors");
    writeCheckpoint(path, "recipe", weights, one.state);
    assert.throws(
      () => readCheckpoint(path, "another", weights),
      /checkpoint\.safetensors: a checkpoint of another recipe/,
    );
    await one.release();
  });
});

describe("trainer.step", () => {
  it("throws at a loss that is not finite, and leaves the weights as they were", async () => {
    const { weights, trainer } = start();
    const one = await trainer();
    const norm = weights.get("model.norm.weight")!;
    norm[0] = Number.NaN;
    const kept = weights.get("model.embed_tokens.weight")!.slice();
    await assert.rejects(one.step(feeds(0), 1e-2), /training diverged at step 1: loss NaN/);
    assert.deepEqual(weights.get("model.embed_tokens.weight"), kept);
    assert.equal(one.state.step, 0);
    await one.release();
  });
});
