import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../evaluate/model/index.ts";
import { loadModel } from "../../../evaluate/model/loadedModel.ts";
import { createScorers } from "../../../evaluate/scoring/scorers.ts";
import { readDataFile } from "../../../evaluate/storage/dataFile.ts";
import { type RequestScore, type TaskMetrics, taskById } from "../../../evaluate/tasks/index.ts";

/** lm-evaluation-harness 0.4.13 on the embedded model and the rows of test/golden/tasks, by test/golden/make-lmeval.py. */
interface Golden {
  items: (number | boolean)[][];
  figures: Record<string, number>;
}

const folder = join(packageRoot(), "test", "golden");
const golden = JSON.parse(readFileSync(join(folder, "lmeval.golden.json"), "utf8")) as Record<string, Golden>;

/** float32 in another order: 5e-6 of the log-likelihood was the largest difference seen. */
const near = (actual: number, expected: number, what: string) =>
  assert.ok(
    Math.abs(actual - expected) <= 2e-5 * Math.abs(expected),
    `${what}: ${actual} against lm-eval's ${expected}`,
  );

const sum = ({ logProbs }: RequestScore) => logProbs.reduce((total, value) => total + value, 0);

describe("tasks beside lm-evaluation-harness, item by item", () => {
  const model = loadModel("reference");
  const scorers = createScorers(model, { threads: 1 });
  after(() => scorers.release());

  /** The task's figures, and the scores it asked the model for. */
  async function measure(id: string, file: string): Promise<{ metrics: TaskMetrics; scores: RequestScore[] }> {
    const { data } = await readDataFile(join(folder, "tasks", file));
    const { tokenizer, config, weights } = model;
    const context = config.maxPositionEmbeddings;
    const prepared = taskById(id).prepare(
      { task: id, source: file },
      { data, encode: (text) => tokenizer.encode(text), prefix: tokenizer.bosTokenId, context, limitWindows: null },
    );
    const scored = scorers.model(weights, weights, context);
    const scores: RequestScore[] = [];
    const metrics = await prepared.measure({
      ...scored,
      async continuations(requests) {
        scores.push(...(await scored.continuations(requests)));
        return scores;
      },
    });
    return { metrics, scores };
  }

  for (const id of ["hellaswag", "piqa", "winogrande", "arc-easy", "arc-challenge", "boolq"]) {
    it(`${id}: each choice's log-likelihood, acc and acc_norm`, async () => {
      const { metrics, scores } = await measure(id, `${id}.jsonl`);
      const { items, figures } = golden[id]!;
      const expected = items.flat() as number[];
      assert.equal(scores.length, expected.length);
      for (const [i, score] of scores.entries()) near(sum(score), expected[i]!, `choice ${i}`);
      const found = Object.fromEntries(Object.entries(metrics.metrics!).map(([name, { value }]) => [name, value]));
      assert.deepEqual(found, figures);
    });
  }

  it("lambada: each target's log-likelihood and greediness, acc and perplexity", async () => {
    const { metrics, scores } = await measure("lambada", "lambada.jsonl");
    const { items, figures } = golden.lambada!;
    assert.equal(scores.length, items.length);
    for (const [i, score] of scores.entries()) {
      near(sum(score), items[i]![0] as number, `item ${i}`);
      assert.equal(score.greedy, items[i]![1]);
    }
    assert.equal(metrics.metrics!.acc!.value, figures.acc);
    near(metrics.perplexity!, figures.perplexity!, "perplexity");
  });

  it("wordperplexity: the windows of each article, its words and bytes, and the three figures", async () => {
    const { metrics, scores } = await measure("wordperplexity", "wiki.txt");
    const { items, figures } = golden.wordperplexity!;
    // The first article fills a window of 256 tokens and goes on in a second one, behind tokens of the first.
    assert.deepEqual([items.length, scores.length], [3, 4]);
    near(
      scores.reduce((total, score) => total + sum(score), 0),
      items.reduce((total, [logLikelihood]) => total + (logLikelihood as number), 0),
      "all articles",
    );
    near(metrics.perplexity!, figures.word_perplexity!, "word_perplexity");
    near(metrics.metrics!.byte_perplexity!.value!, figures.byte_perplexity!, "byte_perplexity");
    near(metrics.metrics!.bits_per_byte!.value!, figures.bits_per_byte!, "bits_per_byte");
  });

  it("the rows of a .parquet file score as those of a .jsonl file", async () => {
    for (const id of ["hellaswag", "arc-easy"]) {
      const [table, lines] = [await measure(id, `${id}.parquet`), await measure(id, `${id}.jsonl`)];
      assert.deepEqual(table.metrics, lines.metrics);
    }
  });
});
