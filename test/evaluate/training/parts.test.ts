import assert from "node:assert/strict";
import { createDeviceTrainer } from "../../../evaluate/engine/deviceTrainer.ts";
import { createGradientSession } from "../../../evaluate/engine/gradientSession.ts";
import { equalParts } from "../../../evaluate/engine/shrink.ts";
import { fillBatch } from "../../../evaluate/training/batches.ts";
import { createDeviceStepper, roundedInGraph } from "../../../evaluate/training/deviceSteps.ts";
import type { Intervention } from "../../../evaluate/training/layerTaps.ts";
import { recipeById } from "../../../evaluate/training/recipes/index.ts";
import { createStepper, type StepperOptions, type StepResult } from "../../../evaluate/training/steps.ts";
import { createStudent } from "../../../evaluate/training/student.ts";
import { studentGraph } from "../../../evaluate/training/studentGraph.ts";
import { parseFormat, UserError } from "../../../formats/index.ts";
import { tinyModel, tinyText } from "./tiny.ts";

const [BATCH, TIME, STEPS] = [4, 8, 3];
const { config, shapes, linears, weights } = tinyModel();
const data = tinyText(config.vocabSize);

const outOfMemory = () => Promise.reject(new Error("CUDA failure 2: out of memory ; GPU=0"));

/**
 * Steps of a recipe: losses and norms, parameters after them, what was said, and the sizes compiled. Graphs of more than `room`
 * windows run out of memory, from the second step on where `late`.
 */
async function stepped(
  id: string,
  { room = BATCH, device = false, late = false, signal = null as Intervention | null, format = "int3@g8" } = {},
) {
  const recipe = recipeById(id);
  const student = createStudent(weights, linears, parseFormat(format), recipe, 1);
  const [notes, sizes]: [string[], number[]] = [[], []];
  let runs = 0;
  const inGraph = device ? roundedInGraph({ device: "webgpu" }, parseFormat(format), recipe, linears)! : null;
  const options: StepperOptions = {
    shapes,
    threads: 1,
    constant: Object.fromEntries(
      [...shapes].map(([name, shape]) => [`teacher/${name}`, { data: weights.get(name)!, shape }]),
    ),
    batch: BATCH,
    warn: (text) => notes.push(text),
    graph(given, size) {
      const intervention = given as Intervention | null;
      sizes.push(size);
      const { terms } = recipe;
      // Chunks of two tokens: the gradient of the head is summed inside each part too.
      return studentGraph(config, shapes, {
        ...{ terms, batch: size, stepBatch: BATCH, time: TIME, teacher: "graph", intervention, chunkElements: 512 },
        ...(inGraph && { weight: inGraph }),
      });
    },
  };
  const fits = () => sizes.at(-1)! <= room || (late && runs < 1);
  const onHost: typeof createGradientSession = async (...given) => {
    const session = await createGradientSession(...given);
    const run: typeof session.run = (feeds) => {
      if (!fits()) return outOfMemory();
      runs++;
      return session.run(feeds);
    };
    return { ...session, run };
  };
  const onDevice: typeof createDeviceTrainer = async (...given) => {
    const trainer = await createDeviceTrainer(...given);
    const run: typeof trainer.run = (steps) => {
      if (!fits()) return outOfMemory();
      runs++;
      return trainer.run(steps);
    };
    return { ...trainer, run };
  };
  const stepper = device
    ? createDeviceStepper(student, recipe, options, undefined, onDevice)
    : createStepper(student, recipe, options, undefined, onHost);
  const results: StepResult[] = [];
  try {
    for (let k = 0; k < STEPS; k++) {
      const [tokens, labels] = [new BigInt64Array(BATCH * TIME), new BigInt64Array(BATCH * TIME)];
      fillBatch(data, [k, k + 5, k + 9, k + 20], tokens, labels);
      const ids = { tokens: { data: tokens, shape: [BATCH * TIME] }, labels: { data: labels, shape: [BATCH * TIME] } };
      const gamma = { data: Float32Array.of(0.4), shape: [] };
      results.push(...(await stepper.run([{ feeds: { ...ids, gamma }, rate: 1e-3, signal, seed: k }])));
    }
    await stepper.sync();
  } finally {
    await stepper.release();
  }
  return { results, parameters: student.parameters, notes, sizes, state: stepper.state };
}

function assertEqual(
  parts: Awaited<ReturnType<typeof stepped>>,
  whole: Awaited<ReturnType<typeof stepped>>,
  tolerance = 2e-5,
) {
  assert.equal(parts.results.length, whole.results.length);
  for (const [k, { loss, terms, gradNorm }] of whole.results.entries()) {
    const own = parts.results[k]!;
    const near = (a: number, b: number, what: string) =>
      assert.ok(Math.abs(a - b) <= tolerance * Math.max(1e-2, Math.abs(b)), `step ${k}, ${what}: ${a} against ${b}`);
    near(own.loss, loss, "loss");
    near(own.gradNorm, gradNorm, "norm");
    assert.deepEqual(Object.keys(own.terms), Object.keys(terms));
    for (const [name, value] of Object.entries(terms)) near(own.terms[name]!, value, name);
  }
  for (const [name, values] of whole.parameters)
    for (const [i, value] of values.entries())
      assert.ok(Math.abs(parts.parameters.get(name)![i]! - value) < 1e-4, `${name}[${i}]`);
}

/** What the first step measured. */
const first = (all: Awaited<ReturnType<typeof stepped>>) => ({
  ...all,
  results: all.results.slice(0, 1),
  parameters: new Map(),
});

describe("training with scales learned in the graph", () => {
  for (const [recipe, format] of [
    ["paretoq", "sf4@g8"],
    ["paretoq", "e2m1@row"],
    ["paretoq-seq", "paretoq2"],
  ] as const) {
    it(`${recipe} in ${format}: makes the steps of the host's kernels`, async () => {
      const host = await stepped(recipe, { format });
      const device = await stepped(recipe, { format, device: true });
      assert.ok([...device.parameters.keys()].some((name) => name.endsWith(":scale")));
      assertEqual(device, host);
    });
  }
});

describe("training out of memory", () => {
  it("takes equal parts of a batch: the largest that are at most half as large", () => {
    assert.deepEqual([16, 12, 9, 7, 2, 1].map(equalParts), [8, 6, 3, 1, 1, 0]);
  });

  for (const [recipe, signal] of [
    ["tsld", null], // a sum over windows, and weights of tokens within each
    ["bitdistiller", null], // sums over tokens
    ["l4q", null], // low-rank products and learned scales
    ["teacher-intervention", "ci"], // losses on layers, a teacher's signal
    ["zeroqat", null], // no gradients: losses of perturbed weights
  ] as const) {
    it(`${recipe}: steps in parts are the steps of the whole batch, and it is said`, async () => {
      const whole = await stepped(recipe, { signal });
      assert.deepEqual(whole.notes, []);
      const parts = await stepped(recipe, { signal, room: 1 });
      assert.deepEqual(parts.sizes, [4, 2, 1]);
      assert.deepEqual(parts.notes, [
        "training: out of memory with a batch of 4; went on with 2 at a time, in steps of 4 as before",
        "training: out of memory with a batch of 2; went on with 1 at a time, in steps of 4 as before",
      ]);
      // SPSA divides the difference of two losses by 2ε, and moves every weight by it.
      if (recipe === "zeroqat") assertEqual(first(parts), first(whole), 1e-2);
      else assertEqual(parts, whole);
    });
  }

  it("with parameters on a device, in Loops within a Loop, from the step at which memory ran out", async () => {
    const whole = await stepped("tsld", { device: true });
    for (const late of [false, true]) {
      const parts = await stepped("tsld", { device: true, room: 2, late });
      assert.deepEqual(parts.sizes, [4, 2]);
      assert.equal(parts.notes.length, 1);
      assert.equal(parts.state.step, STEPS);
      assertEqual(parts, whole);
    }
  });

  it("is the user's error where one window does not fit", async () => {
    await assert.rejects(
      stepped("ce", { room: 0 }),
      (e) =>
        e instanceof UserError && e.message === "training: the device's memory does not suffice even for a batch of 1",
    );
  });
});
