/**
 * @file One step of token-scaled distillation on ternary weights, beside the same step in torch: time, in turn, and the peak
 * memory of each side's process. The losses of the first step must agree.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hadamardRotation } from "../evaluate/hadamard/index.ts";
import { resolveModel } from "../evaluate/model/index.ts";
import { loadModel } from "../evaluate/model/loadedModel.ts";
import { recipeById } from "../evaluate/training/index.ts";
import { createStudent } from "../evaluate/training/student.ts";
import { parseFormat } from "../formats/index.ts";
import { interleave, type Side, show, spread } from "./rounds.ts";
import { peerPython, type Stepper, startStepper, stepper } from "./torchPeer.ts";

const { values: args } = parseArgs({
  options: {
    model: { type: "string", default: "reference" },
    batch: { type: "string", default: "8" },
    context: { type: "string", default: "256" },
    rounds: { type: "string", default: "7" },
    steps: { type: "string", default: "4" },
    threads: { type: "string", default: "2" },
  },
});
const resolved = resolveModel(args.model);
if (resolved.kind !== "directory") throw new Error(`${args.model}: the bench needs a model folder`);
const sizes = ["--batch", args.batch, "--context", args.context, "--steps", args.steps, "--threads", args.threads];
const words = [resolved.dir, ...sizes];

/** One of each way to scale and to pass gradients. */
const RULES = [
  ["int3@g64", "tsld"],
  ["twn", "tsld"],
  ["n2f3", "tsld"],
  ["nvfp4", "qad"],
  ["btt-ternary", "btt-paper"],
  ["int3@row", "paretoq"],
  ["int3@row", "zeroqat"],
  ["n2f3", "bitdistiller"],
  ["bitdistiller-int2@g64", "bitdistiller"],
  ["int3@row", "lr-qat"],
  ["int3@g64", "l4q"],
  ["int4@row", "roste-rotated"],
  ["nf3@g64", "learned-levels"],
] as const;

interface Measured extends Side {
  last: Record<string, number>;
  stop(): void;
}

function sideOf(name: string, { step, stop }: Stepper): Measured {
  const side: Measured = {
    name,
    last: {},
    stop,
    async measure() {
      side.last = (await step()) as Record<string, number>;
      return side.last.msPerStep!;
    },
  };
  return side;
}

const script = fileURLToPath(new URL("./distillSide.js", import.meta.url));
const sides = [sideOf("bitfrontier fp32", await startStepper("bitfrontier", process.execPath, [script, ...words]))];
const python = peerPython();
if (!python) console.log("no Python with torch found (see bench/peer/README.md): the peer's rows are left out");
for (const [name, flags] of python
  ? ([
      ["torch eager fp32", []],
      ["torch compiled fp32", ["--compile", "default"]],
    ] as const)
  : []) {
  try {
    sides.push(sideOf(name, await stepper(name, python!, "distill_peer.py", [...words, ...flags])));
  } catch (error) {
    console.log(`${name}: did not run: ${(error as Error).message.split("\n").at(-1)}`);
  }
}
console.log(
  `distill: TSLD and cross-entropy on TWN weights of ${resolved.name}, teacher in each step, ${args.batch} windows of ${args.context}, ${args.threads} threads, ${args.rounds} rounds in turn`,
);
const rows = await interleave(sides, Number(args.rounds));
const [ours] = sides;
for (const [i, { name, value, ratio }] of rows.entries()) {
  const { peakBytes, firstLoss } = sides[i]!.last;
  const times = spread([1 / ratio.median, 1 / ratio.min, 1 / ratio.max]);
  const memory = `${(peakBytes! / 2 ** 20).toFixed(0)} MiB peak`;
  console.log(
    `  ${name.padEnd(22)} ${show(value, 1).padEnd(24)} ms a step   this/ours ${show(times, 2).padEnd(18)} ${memory}   first loss ${firstLoss!.toFixed(5)}`,
  );
  if (Math.abs(firstLoss! - ours!.last.firstLoss!) > 1e-3)
    console.log(`  ${name}: not the same loss: the steps differ`);
}
console.log(`  quantizing the weights took ${(100 * ours!.last.quantizeShare!).toFixed(1)} % of our step`);
for (const side of sides) side.stop();

const model = loadModel(args.model);
const weightCount = model.linears.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
// What a step takes without rounding; recipes differ little in the rest.
const rest = rows[0]!.value.median * (1 - ours!.last.quantizeShare!);
console.log(
  `quantizing ${(weightCount / 1e6).toFixed(2)} M weights and passing gradients back: CPU ns a weight, share of such a step with it:`,
);
for (const [format, recipe] of RULES) {
  const turns = recipeById(recipe).rotation ? model.linears : [];
  const rotations = new Map(turns.map(({ name, cols }) => [name, hadamardRotation(cols, 0)!]));
  const start = { rotations, ranges: new Map<string, number>() };
  const student = createStudent(model.weights, model.linears, parseFormat(format), recipeById(recipe), 0, start);
  const once = () => {
    student.forward();
    student.backward(model.weights);
  };
  for (let i = 0; i < 3; i++) once();
  const before = process.cpuUsage();
  for (let i = 0; i < 5; i++) once();
  const { user, system } = process.cpuUsage(before);
  const ms = (user + system) / 5 / 1000;
  const share = (100 * ms) / (rest + ms);
  console.log(
    `  ${`${recipe} in ${format}`.padEnd(38)} ${((ms * 1e6) / weightCount).toFixed(1).padStart(5)} ns ${share.toFixed(1).padStart(5)} %`,
  );
}
process.exit(0);
