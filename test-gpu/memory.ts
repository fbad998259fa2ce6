import { adapterOf } from "../evaluate/engine/adapter.ts";
import { createSession, type Device } from "../evaluate/engine/session.ts";
import { isOutOfMemory } from "../evaluate/engine/shrink.ts";
import {
  add,
  createGraph,
  expand,
  type Graph,
  input,
  mul,
  output,
  scalar,
  sum,
  type Value,
} from "../evaluate/graph/index.ts";
import { fillBatch } from "../evaluate/training/batches.ts";
import { createDeviceStepper, roundedInGraph } from "../evaluate/training/deviceSteps.ts";
import { recipeById } from "../evaluate/training/index.ts";
import { createStepper, type Stepper, type StepperOptions } from "../evaluate/training/steps.ts";
import { createStudent } from "../evaluate/training/student.ts";
import { studentGraph } from "../evaluate/training/studentGraph.ts";
import { parseFormat } from "../formats/index.ts";
import { tinyModel } from "../test/evaluate/tinyModel.ts";
import { tinyModel as tinyStudent, tinyText } from "../test/evaluate/training/tiny.ts";
import { type Check, relativeError } from "./check.ts";
import { evaluation, LOSS_TOLERANCE, ROUNDED_TOLERANCE } from "./models.ts";

/** 128 GiB, of more numbers than 32 bits count, which onnxruntime itself refuses; and 8, which software Vulkan does. */
const HUGE: Asked = { gib: 128, shape: [2 ** 15, 2 ** 20] };
const LARGE: Asked = { gib: 8, shape: [2 ** 11 - 1, 2 ** 20] };

interface Asked {
  readonly gib: number;
  readonly shape: readonly number[];
}

/** One number, from outside so that nothing is computed beforehand. */
const ONE = { data: Float32Array.of(1), shape: [1, 1] };

/** Want of memory is recognized, and what follows works: another model, and a training that goes on with less at a time. */
export async function* memoryChecks(device: Device): AsyncGenerator<Check> {
  // Elsewhere the nodes may run on the host, which would then be asked for as much.
  if (device !== "webgpu" && device !== "cuda") return;
  for (const asked of adapterOf(device).software ? [LARGE, HUGE] : [HUGE]) yield* checksOf(device, asked);
}

async function* checksOf(device: Device, asked: Asked): AsyncGenerator<Check> {
  const graph = createGraph();
  output(graph, "y", tooMuch(graph, asked));
  let told = false;
  try {
    const session = await createSession(graph, { device });
    await session.run({ one: ONE });
  } catch (error) {
    told = isOutOfMemory(error);
    if (!told) process.stderr.write(`  not taken for want of memory: ${(error as Error).message.split("\n")[0]}\n`);
  }
  const { error } = await evaluation(device, tinyModel(), 8, 1, false);
  const what = `${asked.gib} GiB asked for: told as want of memory, and evaluation works afterwards`;
  yield { what, error: told ? error : Number.POSITIVE_INFINITY, tolerance: LOSS_TOLERANCE, elsewhere: "" };

  const host = await train("cpu", null);
  const there = await train(device, asked);
  const said = "training: out of memory with a batch of 4; went on with 2 at a time, in steps of 4 as before";
  const halved = there.notes.length === 1 && there.notes[0] === said;
  yield {
    what: `${asked.gib} GiB asked for by a step of 4 windows: told, and trained with 2 at a time: losses and norms`,
    error: halved ? relativeError(there.losses, host.losses) : Number.POSITIVE_INFINITY,
    tolerance: ROUNDED_TOLERANCE,
    elsewhere: "",
  };
}

function tooMuch(graph: Graph, { shape }: Asked): Value {
  return sum(graph, expand(graph, input(graph, "one", "float32", ONE.shape), shape), [0, 1]);
}

const [BATCH, TIME, STEPS] = [4, 8, 3];

/** Losses and norms of the steps of a distillation, and what was said; a graph of more than two windows asks for `asked` more. */
async function train(device: Device, asked: Asked | null): Promise<{ losses: number[]; notes: string[] }> {
  const { config, shapes, linears, weights } = tinyStudent();
  const [recipe, format, data] = [recipeById("tsld"), parseFormat("sf4@g8"), tinyText(config.vocabSize)];
  const weight = roundedInGraph({ device }, format, recipe, linears);
  const notes: string[] = [];
  const options: StepperOptions = {
    ...{ shapes, device, batch: BATCH, warn: (text) => notes.push(text) },
    constant: {
      one: ONE,
      ...Object.fromEntries(
        [...shapes].map(([name, shape]) => [`teacher/${name}`, { data: weights.get(name)!, shape }]),
      ),
    },
    graph(_, size) {
      const built = { terms: recipe.terms, batch: size, stepBatch: BATCH, time: TIME, teacher: "graph" } as const;
      const made = studentGraph(config, shapes, { ...built, device, intervention: null, ...(weight && { weight }) });
      if (!asked || size <= 2) return made;
      const nothing = mul(made.graph, tooMuch(made.graph, asked), scalar(made.graph, 0, "float32"));
      return { ...made, objective: add(made.graph, made.objective, nothing) };
    },
  };
  const student = createStudent(weights, linears, format, recipe, 1);
  const stepper: Stepper = weight
    ? createDeviceStepper(student, recipe, options)
    : createStepper(student, recipe, options);
  const losses: number[] = [];
  for (let k = 0; k < STEPS; k++) {
    const [tokens, labels] = [new BigInt64Array(BATCH * TIME), new BigInt64Array(BATCH * TIME)];
    fillBatch(data, [k, k + 5, k + 9, k + 20], tokens, labels);
    const ids = { tokens: { data: tokens, shape: [BATCH * TIME] }, labels: { data: labels, shape: [BATCH * TIME] } };
    const [result] = await stepper.run([{ feeds: ids, rate: 1e-3, signal: null, seed: k }]);
    losses.push(result!.loss, result!.gradNorm);
  }
  await stepper.release();
  return { losses, notes };
}
