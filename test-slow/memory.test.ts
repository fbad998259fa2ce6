import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeRandomModel } from "../bench/randomModel.ts";
import { packageRoot } from "../evaluate/model/index.ts";
import { prepareSweep } from "../evaluate/prepare.ts";
import { defaultConfig, type SweepConfig } from "../evaluate/sweep/index.ts";

/** How far an estimate may be from what a process then has at its peak. */
const TOLERANCE = 0.15;

const cli = fileURLToPath(new URL("../cli/main.js", import.meta.url));
const tell = "process.on('exit',()=>process.stderr.write('\\npeak '+process.resourceUsage().maxRSS+'\\n'))";

/** Peak of a process that runs the sweep, in bytes. */
function measured(config: SweepConfig, folder: string): number {
  const path = join(folder, "sweep.json");
  writeFileSync(path, JSON.stringify(config));
  const words = ["--import", `data:text/javascript,${tell}`, cli, "sweep", path, "--out", join(folder, "out")];
  rmSync(join(folder, "out"), { recursive: true, force: true });
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return Number(/peak (\d+)\n$/.exec(stderr)?.[1]) * 1024;
}

async function estimated(config: SweepConfig): Promise<number> {
  let bytes = 0;
  const { rest } = await prepareSweep(config, {
    onMemory: (estimate) => {
      bytes = estimate.bytes;
    },
  });
  await rest();
  return bytes;
}

describe("the memory that is estimated before a run", () => {
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-memory-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const shared = join(packageRoot(), "..", "shared");
  const reference = join(packageRoot(), "models", "reference");
  const lambada = join(shared, "evaltext", "lambada_openai_first2576.jsonl");

  const runs = [
    { what: "an evaluation", methods: ["rtn"], activations: ["fp32"] },
    { what: "GPTQ", methods: ["gptq"], activations: ["fp32"] },
    { what: "GPTAQ at W4A4", methods: ["gptaq"], activations: ["same"] },
    { what: "a KL divergence", methods: ["rtn"], activations: ["fp32"], task: "kl" },
    {
      what: "LAMBADA, also at W4A4",
      methods: ["rtn"],
      activations: ["fp32", "same"],
      task: "lambada",
      limitWindows: 60,
    },
  ];

  function test(model: string, path: string, group: number, context: number, prepare: () => void = () => {}) {
    for (const { what, task = "perplexity", limitWindows = 2, ...axes } of runs) {
      it(`of ${what} of ${model} is within 15 % of the peak`, async function () {
        this.timeout(3_600_000);
        const text = task === "lambada" ? lambada : join(reference, "heldout.txt");
        prepare();
        for (const needed of [path, text])
          if (!existsSync(needed)) {
            console.log(`      skipped: needs ${needed}`);
            return this.skip();
          }
        const config: SweepConfig = {
          ...{ ...defaultConfig, models: [path], formats: ["sf4"], groups: [group], ...axes, limitWindows, context },
          ...{ tasks: [`${task}:${text}`], calibration: join(reference, "calibration.txt"), calibrationWindows: 2 },
        };
        const [estimate, peak] = [await estimated(config), measured(config, folder)];
        const inGb = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
        console.log(`      estimated ${inGb(estimate)}, measured ${inGb(peak)}`);
        assert.ok(Math.abs(estimate / peak - 1) <= TOLERANCE, `${inGb(estimate)} for ${inGb(peak)}`);
      });
    }
  }

  test("stories260K", join(shared, "models", "stories260K"), 32, 512);
  test("SmolLM2-135M", join(packageRoot(), ".cache", "SmolLM2-135M-Instruct.Q4_1.gguf"), 128, 2048);
  const random = join(folder, "random");
  test("a random model of 300 M", random, 128, 2048, () => {
    if (existsSync(random)) return;
    const heads = { num_attention_heads: 16, num_key_value_heads: 4 };
    writeRandomModel(random, { ...heads, hidden_size: 1024, intermediate_size: 4096, num_hidden_layers: 16 });
    for (const name of ["tokenizer.json", "tokenizer_config.json"])
      copyFileSync(join(reference, name), join(random, name));
  });
});
