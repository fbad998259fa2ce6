import assert from "node:assert/strict";
import { createSession } from "../../../evaluate/engine/session.ts";
import { createGraph, encode, gradients, input, linear, output } from "../../../evaluate/graph/index.ts";
import { type LossId, losses } from "../../../evaluate/training/losses.ts";
import { objectiveOf, type Term } from "../../../evaluate/training/objective.ts";
import { normals } from "../../random.ts";
import { golden } from "./golden.ts";

const { B, T, V } = golden;

interface Given {
  /** Windows and positions of each that are judged, and their logits. */
  batch: number;
  student: readonly number[];
  teacher: readonly number[];
  labels: readonly number[];
}

const whole: Given = { batch: B, student: golden.student, teacher: golden.teacher, labels: golden.labels };

/** The objective, its terms and the gradient by the student's logits, float64. */
async function judged(
  terms: readonly Term[],
  { batch, student, teacher, labels }: Given = whole,
  gamma = golden.gamma,
) {
  const n = labels.length;
  const graph = createGraph();
  const z = input(graph, "student", "float64", [n, V]);
  const inputs = {
    graph,
    student: { logits: z, taps: null },
    teacher: { logits: input(graph, "teacher", "float64", [n, V]), taps: null },
    labels: input(graph, "labels", "int64", [n]),
    gamma: input(graph, "gamma", "float64", []),
    batch,
  };
  const { objective, terms: named } = objectiveOf(terms, inputs);
  output(graph, "objective", objective);
  output(graph, "gradient", gradients(graph, objective, [z])[0]!);
  for (const [name, value] of Object.entries(named)) output(graph, name, value);
  const session = await createSession(encode(graph), { threads: 1 });
  const shape = [n, V];
  const results = await session.run({
    student: { data: Float64Array.from(student), shape },
    teacher: { data: Float64Array.from(teacher), shape },
    labels: { data: BigInt64Array.from(labels, BigInt), shape: [n] },
    gamma: { data: Float64Array.of(gamma), shape: [] },
  });
  await session.release();
  return results;
}

const near = (actual: unknown, expected: number, tolerance = 1e-8) =>
  assert.ok(Math.abs(Number(actual) - expected) < tolerance, `${actual} against ${expected}`);

/** The numpy file judges position t by label t + 1. */
const shifted: Given = {
  batch: B,
  student: windows(golden.student, V, 0, T - 1),
  teacher: windows(golden.teacher, V, 0, T - 1),
  labels: windows(golden.labels, 1, 1, T),
};

function windows(values: readonly number[], width: number, from: number, to: number): number[] {
  return Array.from({ length: B }, (_, b) => values.slice((b * T + from) * width, (b * T + to) * width)).flat();
}

describe("losses", () => {
  for (const loss of Object.keys(losses) as LossId[]) {
    it(`${loss}: value and gradient are those of torch`, async () => {
      const { value, gradient } = golden.losses[loss]!;
      const result = await judged([{ loss }]);
      near(result.objective![0], value, 1e-10);
      near(result[loss]![0], value, 1e-10);
      for (const [i, slope] of gradient.entries()) near(result.gradient![i], slope, 1e-10);
    });
  }

  it("logit-kd meets the numpy golden vector", async () => {
    near((await judged([{ loss: "logit-kd" }], shifted)).objective![0], golden.numpy.kd_logit_mean);
  });

  it("TSLD summed over windows meets the numpy golden vector, and is logged as a mean over them", async () => {
    const result = await judged([{ loss: "tsld", reduction: "sum-windows" }], shifted);
    near(result.objective![0], golden.numpy.kd_tsld_sum);
    near(result.tsld![0], golden.numpy.kd_tsld_sum / B);
  });

  it("CAKLD and LLM-QAT's KL summed over tokens meet the numpy golden vectors", async () => {
    const { loss_gamma_code: expected, gamma_code_maxprob: gamma } = golden.numpy.cakld;
    near((await judged([{ loss: "cakld", reduction: "sum-tokens" }], whole, gamma)).objective![0], expected);
    const kl = await judged([{ loss: "forward-kl", reduction: "sum-tokens" }]);
    near(kl.objective![0], golden.numpy.llmqat_kl_batchmean);
  });

  it("CAKLD is forward KL at γ = 0 and reverse KL at γ = 1, gradients too", async () => {
    for (const [gamma, loss] of [
      [0, "forward-kl"],
      [1, "reverse-kl"],
    ] as const) {
      const result = await judged([{ loss: "cakld" }], whole, gamma);
      near(result.objective![0], golden.losses[loss]!.value, 1e-10);
      for (const [i, slope] of golden.losses[loss]!.gradient.entries()) near(result.gradient![i], slope, 1e-10);
    }
  });

  it("add up with their weights", async () => {
    const result = await judged([{ loss: "ce", weight: 0.5 }, { loss: "reverse-kl" }]);
    near(result.objective![0], 0.5 * golden.losses.ce!.value + golden.losses["reverse-kl"]!.value);
  });

  for (const loss of ["logit-kd", "tsld", "forward-kl", "reverse-kl", "cakld"] as const) {
    it(`${loss}: a student equal to its teacher has a gradient of exactly zero`, async () => {
      const { gradient } = await judged([{ loss }], { ...whole, student: golden.teacher });
      assert.ok((gradient as Float64Array).every((slope) => slope === 0));
    });
  }
});

describe("layer losses", () => {
  for (const loss of ["hidden", "attention", "scores"] as const) {
    it(`${loss}: value and gradient are those of torch, and zero where student and teacher are equal`, async () => {
      const { shape, teacher, student, ...expected } = golden.layers;
      const graph = createGraph();
      const side = (name: string) => {
        const value = input(graph, name, "float32", shape);
        const taps = { hidden: [value], scores: [value], outputs: [value], queries: [], keys: [], contexts: [] };
        return { logits: value, taps };
      };
      const [own, theirs] = [side("student"), side("teacher")];
      const labels = input(graph, "labels", "int64", [1]);
      const { objective } = objectiveOf([{ loss }], {
        graph,
        student: own,
        teacher: theirs,
        labels,
        gamma: null,
        batch: 1,
      });
      output(graph, "objective", objective);
      output(graph, "gradient", gradients(graph, objective, [own.logits])[0]!);
      const session = await createSession(encode(graph), { threads: 1 });
      const at = (values: readonly number[]) =>
        session.run({
          student: { data: Float32Array.from(values), shape },
          teacher: { data: Float32Array.from(teacher), shape },
          labels: { data: BigInt64Array.of(0n), shape: [1] },
        });
      const { value, gradient } = expected[loss === "scores" ? "scores" : "hidden"];
      const results = await at(student);
      near(results.objective![0], value, 1e-6);
      for (const [i, slope] of gradient.entries()) near(results.gradient![i], slope, 1e-6);
      const equal = await at(teacher);
      assert.ok((equal.gradient as Float32Array).every((slope) => slope === 0));
      await session.release();
    });
  }
});

describe("losses chunk by chunk", () => {
  /** Terms and gradients by hidden states and head, with `chunkElements` logits at a time. */
  async function headed(chunkElements: number) {
    const [n, d] = [B * T, 3];
    const random = normals(5);
    const data = (count: number) => Float32Array.from({ length: count }, random);
    const feeds = {
      hidden: { data: data(n * d), shape: [n, d] },
      head: { data: data(V * d), shape: [V, d] },
      theirs: { data: data(n * d), shape: [n, d] },
      "their head": { data: data(V * d), shape: [V, d] },
      labels: { data: BigInt64Array.from(golden.labels, BigInt), shape: [n] },
    };
    const graph = createGraph();
    const value = (name: "hidden" | "head" | "theirs" | "their head") =>
      input(graph, name, "float32", feeds[name].shape);
    const [hidden, head] = [value("hidden"), value("head")];
    const { objective, terms } = objectiveOf([{ loss: "tsld" }, { loss: "ce" }], {
      graph,
      student: { logits: linear(graph, hidden, head), taps: null },
      teacher: { logits: linear(graph, value("theirs"), value("their head")), taps: null },
      labels: input(graph, "labels", "int64", [n]),
      gamma: null,
      batch: B,
      chunkElements,
    });
    const [dHidden, dHead] = gradients(graph, objective, [hidden, head]);
    for (const [name, each] of Object.entries({ objective, ...terms, dHidden: dHidden!, dHead: dHead! }))
      output(graph, name, each);
    const session = await createSession(encode(graph), { threads: 1 });
    const results = await session.run(feeds);
    await session.release();
    return results;
  }

  it("are those of all tokens at once, gradients too", async () => {
    const all = await headed(1 << 20);
    for (const rows of [1, 3, 5]) {
      const parts = await headed(rows * V);
      for (const [name, values] of Object.entries(all))
        for (const [i, value] of (values as Float32Array).entries()) near(parts[name]![i], value, 1e-6);
    }
  });
});
