import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot, tensorShapes } from "../../../evaluate/model/index.ts";
import {
  type Continuation,
  type ContinuationScore,
  createContinuationScorer,
} from "../../../evaluate/scoring/continuations.ts";
import { sharedPath } from "../model/support.ts";
import { readModel } from "../tinyModel.ts";

type Item = Continuation & { logProbs: number[]; greedy: boolean };

const golden = (name: string) => JSON.parse(readFileSync(join(packageRoot(), "test", "golden", name), "utf8"));

function scorerOf(dir: string, context: number, tokensPerRun: number) {
  const { config, weights } = readModel(dir);
  const scorer = createContinuationScorer(config, tensorShapes(config), { context, tokensPerRun, threads: 1 });
  return { scorer, weights };
}

function near(scores: ContinuationScore[], expected: Omit<Item, "context" | "continuation">[], tolerance: number) {
  assert.equal(scores.length, expected.length);
  for (const [i, { logProbs, greedy }] of expected.entries()) {
    assert.equal(scores[i]!.greedy, greedy, `greedy of ${i}`);
    assert.equal(scores[i]!.logProbs.length, logProbs.length);
    for (const [t, value] of logProbs.entries())
      assert.ok(Math.abs(scores[i]!.logProbs[t]! - value) < tolerance * Math.max(1, Math.abs(value)), `${i}, ${t}`);
  }
}

describe("createContinuationScorer", () => {
  const dir = join(packageRoot(), "test", "golden", "tiny-llama-untied");

  it("scores sequences of many lengths, padded and batched, as transformers' logits say", async () => {
    const { inputIds, logits } = golden("tiny-llama-untied/expected.golden.json") as {
      inputIds: number[][];
      logits: number[][][];
    };
    const requests: Continuation[] = [];
    const expected: { logProbs: number[]; greedy: boolean }[] = [];
    for (const [row, ids] of inputIds.entries()) {
      for (let length = ids.length - row; length >= 2; length -= 3) {
        const start = Math.max(1, length - 1 - row);
        requests.push({ context: ids.slice(0, start), continuation: ids.slice(start, length) });
        const targets = ids.slice(start, length).map((target, t) => {
          const scores = logits[row]![start + t - 1]!;
          const most = Math.max(...scores);
          const total = scores.reduce((sum, x) => sum + Math.exp(x - most), 0);
          return { logProb: scores[target]! - most - Math.log(total), greedy: scores[target] === most };
        });
        expected.push({
          logProbs: targets.map(({ logProb }) => logProb),
          greedy: targets.every(({ greedy }) => greedy),
        });
      }
    }
    // A target that is the most likely token: the model's own choice after the first tokens of the first sequence.
    const scores = logits[0]![3]!;
    const best = scores.indexOf(Math.max(...scores));
    const total = scores.reduce((sum, x) => sum + Math.exp(x - scores[best]!), 0);
    requests.push({ context: inputIds[0]!.slice(0, 4), continuation: [best] });
    expected.push({ logProbs: [-Math.log(total)], greedy: true });
    assert.ok(requests.length > 6);
    const { scorer, weights } = scorerOf(dir, inputIds[0]!.length, 48);
    near(await scorer.score(weights, requests), expected, 2e-5);
    await scorer.release();
  });

  it("scores each request the same whatever is asked beside it, those that differ in their last token from one reading", async () => {
    const ids = [5, 9, 2, 7, 11, 3, 8, 1, 4, 6];
    const requests = [1, 2, 6].flatMap((length) =>
      [0, 10].map((token) => ({
        context: ids.slice(0, length),
        continuation: [...ids.slice(length, length + 3), token],
      })),
    );
    const { scorer, weights } = scorerOf(dir, 16, 32);
    const together = await scorer.score(weights, [...requests, ...requests]);
    assert.deepEqual(together.slice(6), together.slice(0, 6));
    for (const [i, request] of requests.entries()) {
      const [alone] = await scorer.score(weights, [request]);
      assert.equal(alone!.logProbs.length, 4);
      near([alone!], [{ logProbs: [...together[i]!.logProbs], greedy: together[i]!.greedy }], 1e-5);
    }
    assert.deepEqual(together[0]!.logProbs.slice(0, 3), together[1]!.logProbs.slice(0, 3));
    assert.notEqual(together[0]!.logProbs[3], together[1]!.logProbs[3]);
    await scorer.release();
  });

  it("refuses a sequence longer than the positions, an empty context and an empty continuation", async () => {
    const { scorer, weights } = scorerOf(dir, 4, 16);
    const score = (context: number[], continuation: number[]) => scorer.score(weights, [{ context, continuation }]);
    assert.equal((await score([1, 2, 3], [4, 5]))[0]!.logProbs.length, 2);
    await assert.rejects(score([1, 2, 3], [4, 5, 6]), /3 \+ 3 tokens for 4 positions/);
    await assert.rejects(score([], [4]), RangeError);
    await assert.rejects(score([1], []), RangeError);
    await scorer.release();
  });

  it("calls nothing greedy where the model diverges", async () => {
    const { scorer, weights } = scorerOf(dir, 4, 16);
    const broken = new Map([...weights].map(([name, data]) => [name, new Float32Array(data.length).fill(Number.NaN)]));
    const [score] = await scorer.score(broken, [{ context: [1], continuation: [0, 0] }]);
    assert.deepEqual([score!.greedy, ...score!.logProbs], [false, Number.NaN, Number.NaN]);
    await scorer.release();
  });

  it("scores LAMBADA and PIQA items under stories260K as transformers does", async function () {
    const model = sharedPath("models", "stories260K");
    if (model === null) {
      console.log("      skipped: ../shared has no stories260K");
      this.skip();
    }
    const { lambada, piqa, choices } = golden("continuations.golden.json") as Record<string, { items: Item[] }>;
    const items = [...lambada!.items, ...piqa!.items, ...choices!.items];
    assert.equal(items.length, 18);
    const { scorer, weights } = scorerOf(model, 512, 2048);
    near(await scorer.score(weights, items), items, 2e-5);
    await scorer.release();
  });
});
