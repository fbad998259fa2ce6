/**
 * @file A real model through the whole path: SmolLM2-135M-Instruct (Q4_1, from a GGUF file) on WikiText-2 by the GPTQ protocol, LAMBADA
 * and PIQA; in full precision, and rounded to nearest and by GPTQ to 4-bit formats. Every line is a command of the command
 * line in a process of its own, with its time and its peak memory. Takes WINDOWS windows and EXAMPLES examples, evenly spaced.
 *
 *     npm run bench smollm2            needs .cache/SmolLM2-135M-Instruct.Q4_1.gguf (test/golden/make-smollm2.py fetches it)
 *     WINDOWS=148 EXAMPLES=1838 npm run bench smollm2    the whole test split and all of PIQA
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../evaluate/model/index.ts";
import type { Row } from "../evaluate/row.ts";
import { pairedDifference } from "../evaluate/tasks/index.ts";

const MODEL = join(packageRoot(), ".cache", "SmolLM2-135M-Instruct.Q4_1.gguf");
const TEXTS = join(packageRoot(), "..", "shared", "evaltext");
const WINDOWS = process.env.WINDOWS ?? "16";
const EXAMPLES = process.env.EXAMPLES ?? "200";
const FORMATS = (process.env.FORMATS ?? "sf4@g128,int4@g128").split(",");
const METHODS = ["rtn", "gptq"];
/** Prose of another century than the evaluation texts, which no calibration may contain. */
const CALIBRATION = join(packageRoot(), "models", "reference", "calibration.txt");

const TASKS: readonly (readonly [task: string, limit: string])[] = [
  [`wikitext2-gptq:${join(TEXTS, "wikitext2-raw-test.joined.txt")}`, WINDOWS],
  [`lambada:${join(TEXTS, "lambada_openai_first2576.jsonl")}`, EXAMPLES],
  [`piqa:${join(TEXTS, "piqa_valid.jsonl")}`, EXAMPLES],
];

interface Done {
  out: string;
  seconds: number;
  peakMb: number;
}

/** One command of the command line, in a process that says at its end how much memory it had. */
function command(...words: string[]): Promise<Done> {
  const cli = fileURLToPath(new URL("../cli/main.js", import.meta.url));
  const tell = "process.on('exit',()=>process.stderr.write('\\npeak '+process.resourceUsage().maxRSS+'\\n'))";
  const start = performance.now();
  const child = spawn(process.execPath, ["--import", `data:text/javascript,${tell}`, cli, ...words]);
  let [out, err] = ["", ""];
  child.stdout.on("data", (part) => {
    out += part;
  });
  child.stderr.on("data", (part) => {
    err += part;
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`${words.join(" ")}: ${err}`));
      const peakMb = Number(/peak (\d+)\n$/.exec(err)?.[1]) / 1024;
      resolve({ out, seconds: (performance.now() - start) / 1000, peakMb });
    });
  });
}

function say(what: string, figures: string, { seconds, peakMb }: Done): void {
  console.log(
    `${what.padEnd(34)} ${figures.padEnd(76)} ${seconds.toFixed(0).padStart(5)} s ${peakMb.toFixed(0).padStart(5)} MB`,
  );
}

const plusMinus = (value: number | null, sigma: number | null | undefined, digits: number) =>
  value === null ? "–" : `${value.toFixed(digits)} ± ${sigma?.toFixed(digits) ?? "?"}`;

function figuresOf(row: Row, base: Row | undefined): string {
  const acc = row.metrics?.acc;
  const shown = acc ? [`acc ${plusMinus(acc.value, acc.sigma, 4)}`] : [];
  if (row.metrics?.acc_norm)
    shown.push(`acc_norm ${plusMinus(row.metrics.acc_norm.value, row.metrics.acc_norm.sigma, 4)}`);
  if (row.perplexity !== null) shown.push(`perplexity ${plusMinus(row.perplexity, row.perplexitySigma, 3)}`);
  if (base) {
    const { mean, sigma } = pairedDifference(row.windowLoss, base.windowLoss);
    shown.push(`Δ ${plusMinus(mean, sigma, 4)} nats`);
  }
  return shown.join("  ");
}

async function evaluate(what: string, model: string, baselines: Map<string, Row>): Promise<void> {
  for (const [task, limit] of TASKS) {
    const done = await command("eval", model, "--task", task, "--limit", limit, "--json");
    const row = (JSON.parse(done.out) as Row[])[0]!;
    const name = task.split(":")[0]!;
    say(`${what} ${name}`, figuresOf(row, baselines.get(name)), done);
    if (!baselines.has(name)) baselines.set(name, row);
  }
}

if (!existsSync(MODEL) || !existsSync(TEXTS)) {
  console.log(`smollm2: skipped, needs ${MODEL} (test/golden/make-smollm2.py) and the texts in ../shared`);
} else {
  const folder = mkdtempSync(join(tmpdir(), "bf-smollm2-"));
  try {
    const baselines = new Map<string, Row>();
    await evaluate("fp32", MODEL, baselines);
    for (const format of FORMATS) {
      for (const method of METHODS) {
        const out = join(folder, `${method}-${format.replaceAll(/\W/g, "-")}`);
        const calibrated = method === "rtn" ? [] : ["--calibration", CALIBRATION, "--calibration-windows", "16"];
        const done = await command(
          "quantize",
          MODEL,
          "--format",
          format,
          "--method",
          method,
          ...calibrated,
          "--out",
          out,
        );
        say(`${format} ${method} quantize`, done.out.split("\n")[0]!.replace(/^.*?: /, ""), done);
        await evaluate(`${format} ${method}`, out, baselines);
        rmSync(out, { recursive: true });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
