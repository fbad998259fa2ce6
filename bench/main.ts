/**
 * @file `npm run bench [NAME…]`: runs the benches one after another, each in a process of its own. Every figure is printed
 * beside its peer and its floor; ratios are taken within one run, since absolute times on shared machines mean little.
 */
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

/** Every bench: a new one is its file and a name here. */
const benches = ["engine", "quantize", "activations", "formats", "fit", "gptq", "distill", "sweep", "synthesis"];
/** Those that take a model or a time which not everybody has: run when named. */
const named = ["smollm2", "bigModel", "autoRound"];

const asked = process.argv.slice(2);
const unknown = asked.find((name) => ![...benches, ...named].includes(name));
if (unknown !== undefined) {
  process.stderr.write(`bench: no bench "${unknown}"; known are ${[...benches, ...named].join(", ")}\n`);
  process.exit(2);
}
console.log(`${cpus()[0]?.model ?? "unknown processor"}, ${cpus().length} cores, Node ${process.versions.node}`);
for (const name of asked.length > 0 ? asked : benches) {
  const script = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const { status } = spawnSync(process.execPath, [script], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
