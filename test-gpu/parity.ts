/**
 * @file Compares every provider that works in this process with the CPU and prints a table, ready to paste. Run by main.ts, in
 * a process of its own for each Vulkan driver.
 */
import { cpus, release } from "node:os";
import { deviceOrder, probeDevice } from "../evaluate/engine/devices.ts";
import { type Device, engineVersion } from "../evaluate/engine/session.ts";
import { loadModel } from "../evaluate/model/loadedModel.ts";
import { type Check, passes } from "./check.ts";
import { codeChecks } from "./codes.ts";
import { memoryChecks } from "./memory.ts";
import {
  calibrationChecks,
  evaluation,
  evaluationChecks,
  retrainingChecks,
  taskChecks,
  trainingChecks,
} from "./models.ts";
import { opChecks } from "./ops.ts";
import { sweepChecks } from "./sweep.ts";

const SUITES = {
  op: opChecks,
  codes: codeChecks,
  losses: evaluationChecks,
  tasks: taskChecks,
  calibration: calibrationChecks,
  training: trainingChecks,
  distillation: retrainingChecks,
  sweep: sweepChecks,
  memory: memoryChecks,
};

console.log(
  `onnxruntime-node ${engineVersion()}, node ${process.versions.node}, ${process.platform}-${process.arch} ${release()}, ${cpus()[0]?.model.trim()}`,
);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in SUITES));
if (unknown.length > 0)
  throw new Error(`${unknown.join(", ")}: no such suite; there are ${Object.keys(SUITES).join(", ")}`);
const suites = Object.entries(SUITES).filter(([name]) => asked.length === 0 || asked.includes(name));
let [passed, failed] = [0, 0];

for (const device of deviceOrder.filter((each) => each !== "cpu")) {
  const probe = await probeDevice(device);
  if (!probe.found) {
    console.log(`\n${device}: not tested: ${probe.reason}`);
    continue;
  }
  console.log(`\n### ${device}: ${probe.found.name}\n`);
  console.log("| what | largest error | tolerance | nodes elsewhere | |");
  console.log("| --- | --- | --- | --- | --- |");
  for (const [name, suite] of suites) {
    try {
      for await (const check of suite(device)) {
        console.log(row(check, device));
        if (passes(check, device)) passed++;
        else failed++;
      }
    } catch (error) {
      failed++;
      console.log(`| ${name} | – | – | – | **stopped: ${(error as Error).message.trim().split("\n")[0]}** |`);
    }
  }
  if (asked.length === 0) await speed(device);
}
// onnxruntime's threads would keep the process; an exit before the last words are out would cut them off (pipes of Windows).
process.stdout.write(`\n${passed} passed, ${failed} failed\n`, () => process.exit(failed > 0 ? 1 : 0));

function row(check: Check, device: Device): string {
  const { what, error, tolerance, elsewhere } = check;
  const number = (x: number) => (x === 0 ? "0" : Number.isFinite(x) ? x.toExponential(1) : "not equal");
  return `| ${what} | ${number(error)} | ${number(tolerance)} | ${elsewhere || "none"} | ${passes(check, device) ? "ok" : "**fails**"} |`;
}

async function speed(device: Device): Promise<void> {
  try {
    const { rate, hostRate } = await evaluation(device, loadModel("reference"), 64, 2, false);
    console.log(
      `\nEvaluation of the reference model, 2 windows of 64: ${rate.toFixed(0)} tokens/s, ${(rate / hostRate).toPrecision(2)} of the CPU's ${hostRate.toFixed(0)}.`,
    );
  } catch (error) {
    console.log(`\nEvaluation of the reference model stopped: ${(error as Error).message.trim().split("\n")[0]}`);
  }
}
