/**
 * @file A model of 1.1 billion parameters (TinyLlama's shape) of random weights, rounded to nearest and written as a Hugging
 * Face directory in float32: peak memory and time. Reads 2.2 GB, writes 4.4 GB, both removed afterwards.
 *
 *     npm run bench bigModel           FORMAT=sf4@g128 HEAD=fp VOCAB=32000 by default
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeRandomModel } from "./randomModel.ts";

const { FORMAT = "sf4@g128", HEAD = "fp", VOCAB = "32000" } = process.env;
/** TinyLlama's. */
const SIZES = {
  vocab_size: Number(VOCAB),
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: 22,
  num_attention_heads: 32,
  num_key_value_heads: 4,
};

const folder = mkdtempSync(join(tmpdir(), "bf-big-"));
try {
  const [model, out] = [join(folder, "model"), join(folder, "out")];
  const count = writeRandomModel(model, SIZES);
  const cli = fileURLToPath(new URL("../cli/main.js", import.meta.url));
  const tell = "process.on('exit',()=>process.stderr.write('\\npeak '+process.resourceUsage().maxRSS+'\\n'))";
  const start = performance.now();
  const words = ["quantize", model, "--format", FORMAT, "--method", "rtn", "--head", HEAD, "--out", out];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${tell}`, cli, ...words],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
  const seconds = (performance.now() - start) / 1000;
  const peak = (Number(/peak (\d+)\n$/.exec(stderr)?.[1]) * 1024) / 1e9;
  const written = statSync(join(out, "model.safetensors")).size / 1e9;
  console.log(stdout.split("\n")[0]);
  console.log(stderr.split("\n").find((line) => line.startsWith("memory")) ?? "");
  console.log(
    `${(count / 1e9).toFixed(2)} billion parameters, ${written.toFixed(1)} GB written: peak ${peak.toFixed(2)} GB, ${seconds.toFixed(0)} s`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
