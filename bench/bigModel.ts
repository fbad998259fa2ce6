/**
 * @file A model of 1.1 billion parameters (TinyLlama's shape) of random weights, rounded to nearest and written as a Hugging
 * Face directory in float32: peak memory and time. Reads 2.2 GB, writes 4.4 GB, both removed afterwards.
 *
 *     npm run bench bigModel           FORMAT=sf4@g128 by default
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readModelConfig, tensorShapes } from "../evaluate/model/index.ts";
import { writeSafetensors } from "../evaluate/model/writeSafetensors.ts";
import { normals } from "../evaluate/random.ts";

const FORMAT = process.env.FORMAT ?? "sf4@g128";
const CONFIG = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_size: 2048,
  intermediate_size: 5632,
  num_hidden_layers: 22,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  vocab_size: 32000,
  max_position_embeddings: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  hidden_act: "silu",
  tie_word_embeddings: false,
  bos_token_id: 1,
  eos_token_id: 2,
  torch_dtype: "bfloat16",
};

/** One shard a block, as published models have several: no more than one is in memory. Returns the number of parameters. */
function writeModel(folder: string): number {
  mkdirSync(folder);
  writeFileSync(join(folder, "config.json"), JSON.stringify(CONFIG));
  const normal = normals(1);
  // One table of numbers serves all tensors, from a different place each: 1.1 billion draws would take minutes.
  const table = Float32Array.from({ length: 1 << 22 }, () => 0.02 * normal());
  const shards = new Map<string, { name: string; shape: readonly number[] }[]>();
  for (const [name, shape] of tensorShapes(readModelConfig(folder))) {
    const shard = `model-${/layers\.(\d+)\./.exec(name)?.[1] ?? "rest"}.safetensors`;
    shards.set(shard, [...(shards.get(shard) ?? []), { name, shape }]);
  }
  const weightMap: Record<string, string> = {};
  let count = 0;
  for (const [shard, tensors] of shards) {
    const entries = tensors.map(({ name, shape }) => {
      const data = new Float32Array(shape.reduce((size, length) => size * length, 1));
      for (let at = 0, from = count % 99_991; at < data.length; from = 0) {
        const part = table.subarray(from, from + data.length - at);
        data.set(part, at);
        at += part.length;
      }
      weightMap[name] = shard;
      count += data.length;
      return { name, shape, data };
    });
    writeSafetensors(join(folder, shard), entries, { dtype: "BF16" });
  }
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map: weightMap }));
  return count;
}

const folder = mkdtempSync(join(tmpdir(), "bf-big-"));
try {
  const [model, out] = [join(folder, "model"), join(folder, "out")];
  const count = writeModel(model);
  const cli = fileURLToPath(new URL("../cli/main.js", import.meta.url));
  const tell = "process.on('exit',()=>process.stderr.write('\\npeak '+process.resourceUsage().maxRSS+'\\n'))";
  const start = performance.now();
  const words = ["quantize", model, "--format", FORMAT, "--method", "rtn", "--out", out];
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
