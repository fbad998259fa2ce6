import assert from "node:assert/strict";
import { readModelConfig, tensorShapes } from "../../../evaluate/model/index.ts";
import { createDivergenceScorer } from "../../../evaluate/scoring/divergence.ts";
import { LOGIT_BYTES, rowsAtOnce } from "../../../evaluate/scoring/logitChunks.ts";
import { createTokenScorer } from "../../../evaluate/scoring/tokenScorer.ts";
import { normals } from "../../random.ts";
import { temporaryDirectory } from "../model/support.ts";
import { writeConfig } from "../model/tinyLlama.ts";

describe("logits in chunks of rows", () => {
  const { at } = temporaryDirectory();

  it("64 MiB of float32 at a time, at least one row", () => {
    assert.equal(LOGIT_BYTES, 67_108_864);
    assert.equal(rowsAtOnce(2047, 49_152), 341);
    assert.equal(rowsAtOnce(2047, 1024), 2047);
    assert.equal(rowsAtOnce(7, 2 ** 30), 1);
  });

  it("give the losses and the divergences of whole logits", async () => {
    // 600 rows of a vocabulary of 40 000 are two chunks (of 419 and 181 rows), the 200 rows of a sequence alone are one.
    const [batch, time, vocab] = [3, 200, 40_000];
    writeConfig(at("m"), { vocab_size: vocab, max_position_embeddings: 256 });
    const config = readModelConfig(at("m"));
    const shapes = tensorShapes(config);
    const random = normals(1);
    const weightsOf = (spread: number) =>
      new Map(
        [...shapes].map(([name, shape]) => {
          const size = shape.reduce((product, length) => product * length, 1);
          return [name, Float32Array.from({ length: size }, () => 1 + spread * random())] as const;
        }),
      );
    const [weights, others] = [weightsOf(0.5), weightsOf(0.5)];
    const ids = Array.from({ length: batch * (time + 1) }, (_, i) => (i * 7919) % vocab);
    const score = async (rows: readonly number[]) => {
      const scorer = await createTokenScorer(config, shapes, { batch: rows.length, time, threads: 1 });
      for (const [b, row] of rows.entries()) {
        for (let t = 0; t < time; t++) {
          scorer.tokens[b * time + t] = BigInt(ids[row * (time + 1) + t]!);
          scorer.labels[b * time + t] = BigInt(ids[row * (time + 1) + t + 1]!);
        }
      }
      const feeds = Array.from(shapes, ([name, shape]) => [name, { data: weights.get(name)!, shape }] as const);
      await scorer.run(Object.fromEntries(feeds));
      await scorer.release();
      return [...scorer.nll];
    };
    const together = await score([0, 1, 2]);
    const alone = [await score([0]), await score([1]), await score([2])];
    assert.equal(together.length, batch * time);
    const expected = alone.flat();
    assert.ok(together.every((value, i) => Math.abs(value - expected[i]!) < 1e-5 * value));
    const diverge = async (each: number) => {
      const options = { context: time + 1, batch: each, threads: 1 };
      const scorer = await createDivergenceScorer(config, shapes, options);
      const result = await scorer.score(weights, others, ids, batch);
      await scorer.release();
      return result;
    };
    const [whole, parts] = [await diverge(1), await diverge(3)];
    assert.ok(whole.kl.every((value, i) => value > 1e-3 && Math.abs(value - parts.kl[i]!) < 1e-4 * value));
    assert.deepEqual(parts.same, whole.same);
  });
});
