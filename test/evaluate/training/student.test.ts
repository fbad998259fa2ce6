import assert from "node:assert/strict";
import { createGradientSession } from "../../../evaluate/engine/gradientSession.ts";
import type { HostTensor } from "../../../evaluate/engine/session.ts";
import { type Graph, mul, scalar, type Value } from "../../../evaluate/graph/index.ts";
import type { ModelGraph } from "../../../evaluate/model/architectures/architecture.ts";
import { lossGraph } from "../../../evaluate/model/architectures/training.ts";
import { fillBatch } from "../../../evaluate/training/batches.ts";
import type { Intervention } from "../../../evaluate/training/layerTaps.ts";
import type { Term } from "../../../evaluate/training/objective.ts";
import { studentGraph } from "../../../evaluate/training/studentGraph.ts";
import { tinyModel, tinyText } from "./tiny.ts";

const [BATCH, TIME] = [2, 8];

/** Terms and gradients of a student whose tensors of the given kinds are not its teacher's. */
async function compared(
  terms: readonly Term[],
  {
    spoilt = /^$/,
    intervention = null,
    name,
    student,
  }: {
    spoilt?: RegExp;
    intervention?: Intervention | null;
    name?: string;
    student?: (model: ModelGraph) => Partial<ModelGraph>;
  } = {},
) {
  const { config, shapes, weights } = tinyModel(name);
  const made = studentGraph(config, shapes, {
    terms,
    batch: BATCH,
    time: TIME,
    teacher: "graph",
    intervention,
    ...(student && { student }),
  });
  const session = await createGradientSession(made.graph, made.objective, made.terms, made.parameters, { threads: 1 });
  const n = BATCH * TIME;
  const [tokens, labels] = [new BigInt64Array(n), new BigInt64Array(n)];
  fillBatch(tinyText(config.vocabSize), [3, 5], tokens, labels);
  const feeds: Record<string, HostTensor> = {
    tokens: { data: tokens, shape: [n] },
    labels: { data: labels, shape: [n] },
    gamma: { data: Float32Array.of(0.4), shape: [] },
  };
  for (const [tensor, shape] of shapes) {
    const data = weights.get(tensor)!;
    feeds[`teacher/${tensor}`] = { data, shape };
    feeds[tensor] = { data: spoilt.test(tensor) ? data.map((w) => 0.5 * w + 0.01) : data, shape };
  }
  const result = await session.run(feeds);
  await session.release();
  return { ...result, gradients: session.gradients, silent: session.silent };
}

describe("a student beside its teacher in one graph", () => {
  for (const name of ["tiny-llama-tied", "tiny-gpt2", "tiny-gemma2", "tiny-phi"]) {
    it(`${name}: every gradient is zero where the two are equal`, async () => {
      const terms: Term[] = ["logit-kd", "tsld", "reverse-kl", "cakld", "hidden", "scores", "attention"].map(
        (loss) => ({ loss }) as Term,
      );
      const { gradients, silent } = await compared(terms, { name });
      assert.deepEqual(silent, []);
      // GPT-2's teacher runs on fused kernels that its student, whose gradient needs their insides, cannot: 1e-6 apart.
      const tolerance = name === "tiny-gpt2" ? 1e-5 : 0;
      for (const [tensor, gradient] of gradients)
        assert.ok(
          gradient.every((slope) => Math.abs(slope) <= tolerance),
          `${tensor} ${Math.max(...gradient.map(Math.abs))}`,
        );
    });
  }

  it("a student that rounds what its projections put out still shows its blocks to the teacher's", async () => {
    const terms: Term[] = [{ loss: "hidden" }, { loss: "attention" }];
    const halved =
      (name: string) =>
      ({ graph }: ModelGraph) => ({
        linearOutput: (layer: string, y: Value) =>
          layer.endsWith(name) ? mul(graph, y, scalar(graph, 0.5, y.type)) : y,
      });
    const [none, values, others] = [
      await compared(terms),
      await compared(terms, { student: halved("v_proj.weight") }),
      await compared(terms, { student: halved("absent") }),
    ];
    assert.ok(values.terms.attention! > 1e-9 && values.terms.hidden! > 1e-9);
    assert.deepEqual(others.terms, none.terms);
  });

  it("differs in every term where a matrix differs", async () => {
    const terms: Term[] = [{ loss: "forward-kl" }, { loss: "hidden" }, { loss: "scores" }, { loss: "attention" }];
    const { terms: values } = await compared(terms, { spoilt: /layers\.0.*q_proj/ });
    for (const [loss, value] of Object.entries(values)) assert.ok(value > 1e-9, `${loss} ${value}`);
  });

  const layers: Term[] = [{ loss: "hidden" }, { loss: "scores" }, { loss: "attention" }];
  for (const [intervention, lent, rest] of [
    ["oi", /[qkvo]_proj/, ["scores", "attention"]],
    ["ci", /[qkv]_proj/, ["scores"]],
    ["mi", /[qk]_proj/, ["scores"]],
  ] as const) {
    it(`${intervention}: what the teacher lends replaces the student's own, whose errors are still seen`, async () => {
      const { terms } = await compared(layers, { spoilt: lent, intervention });
      assert.equal(terms.hidden, 0);
      for (const loss of ["scores", "attention"] as const)
        if ((rest as readonly string[]).includes(loss)) assert.ok(terms[loss]! > 1e-9, loss);
        else assert.equal(terms[loss], 0, loss);
    });
  }

  it("an intervention leaves queries and keys to the scores of their own block", async () => {
    const { silent } = await compared([{ loss: "logit-kd" }], { intervention: "mi", spoilt: /mlp/ });
    assert.deepEqual(
      silent.map((name) => name.replace(/^.*(\d)\.self_attn\.|\.weight$/g, "$1 ")),
      ["0 q_proj ", "0 k_proj ", "1 q_proj ", "1 k_proj "],
    );
    const { gradients } = await compared([{ loss: "scores" }], { intervention: "mi", spoilt: /layers\.1.*q_proj/ });
    for (const [name, gradient] of gradients)
      assert.equal(
        gradient.some((slope) => slope !== 0),
        /layers\.1\.self_attn\.[qk]_proj/.test(name),
        name,
      );
  });
});

describe("the gradient of a student's cross-entropy", () => {
  for (const name of ["tiny-llama-tied", "tiny-llama-untied"]) {
    it(`${name}: that of the loss itself, whether the head is cut into chunks or not`, async () => {
      const { config, shapes, weights } = tinyModel(name);
      const n = BATCH * TIME;
      const [tokens, labels] = [new BigInt64Array(n), new BigInt64Array(n)];
      fillBatch(tinyText(config.vocabSize), [3, 5], tokens, labels);
      const feeds: Record<string, HostTensor> = {
        tokens: { data: tokens, shape: [n] },
        labels: { data: labels, shape: [n] },
      };
      for (const [tensor, shape] of shapes) feeds[tensor] = { data: weights.get(tensor)!, shape };
      const gradientsOf = async (graph: Graph, loss: Value, parameters: readonly Value[]) => {
        const session = await createGradientSession(graph, loss, {}, parameters, { threads: 1 });
        await session.run(feeds);
        await session.release();
        return session.gradients;
      };
      const plain = lossGraph(config, shapes, { batch: BATCH, time: TIME });
      const expected = await gradientsOf(plain.graph, plain.loss, [...plain.parameters.values()]);
      for (const rows of [n, 5]) {
        const options = { terms: [{ loss: "ce" }] as Term[], batch: BATCH, time: TIME, teacher: "graph" as const };
        const made = studentGraph(config, shapes, { ...options, chunkElements: rows * config.vocabSize });
        const own = await gradientsOf(made.graph, made.objective, made.parameters);
        for (const [tensor, values] of expected)
          for (const [i, value] of values.entries())
            assert.ok(Math.abs(own.get(tensor)![i]! - value) < 1e-6, `${tensor}[${i}], ${rows} rows a chunk`);
      }
    });
  }
});
