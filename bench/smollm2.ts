/**
 * @file A real model through the whole path: SmolLM2-135M-Instruct (Q4_1, from a GGUF file) on WikiText-2 by the GPTQ protocol, LAMBADA
 * and PIQA; in full precision, rounded to nearest and by GPTQ, weights alone (W4A16) and with activations (W4A4). Each line
 * from `bitfrontier` is a process of its own, with its time and its peak memory; those below are its rows.
 *
 *     npm run bench smollm2            needs .cache/SmolLM2-135M-Instruct.Q4_1.gguf (test/golden/make-smollm2.py fetches it)
 *     WINDOWS=148 EXAMPLES=1838 npm run bench smollm2    the whole test split and all of PIQA
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../evaluate/model/index.ts";
import type { Row } from "../evaluate/trial/row.ts";

const MODEL = join(packageRoot(), ".cache", "SmolLM2-135M-Instruct.Q4_1.gguf");
const TEXTS = join(packageRoot(), "..", "shared", "evaltext");
const { WINDOWS = "16", EXAMPLES = "200", FORMATS = "sf4@g128", CALIBRATION_WINDOWS = "16" } = process.env;
/** Prose of another century than the evaluation texts, which no calibration may contain. */
const CALIBRATION = join(packageRoot(), "models", "reference", "calibration.txt");

/** One command of the command line, in a process that says at its end how much memory it had. */
function command(...words: string[]): Promise<string> {
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
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      const peak = ((Number(/peak (\d+)\n$/.exec(err)?.[1]) * 1024) / 1e9).toFixed(2);
      const said = err.split("\n").find((line) => line.startsWith("memory:")) ?? "memory: below 0.3 GB";
      console.log(`bitfrontier ${words[0]} … ${words.slice(2, 4).join(" ")}: ${seconds} s, peak ${peak} GB (${said})`);
      resolve(out);
    });
  });
}

const plusMinus = (value: number | null | undefined, sigma: number | null | undefined, digits: number) =>
  value == null ? "–" : `${value.toFixed(digits)} ± ${sigma?.toFixed(digits) ?? "?"}`;

function show(row: Row): void {
  const { acc, acc_norm } = row.metrics ?? {};
  const figures = [
    ...(row.perplexity === null ? [] : [`perplexity ${plusMinus(row.perplexity, row.perplexitySigma, 2)}`]),
    ...(acc ? [`acc ${plusMinus(acc.value, acc.sigma, 4)}`] : []),
    ...(acc_norm ? [`acc_norm ${plusMinus(acc_norm.value, acc_norm.sigma, 4)}`] : []),
    ...(row.deltaLoss === null ? [] : [`Δ ${plusMinus(row.deltaLoss, row.deltaLossSigma, 4)} nats`]),
    ...(acc?.delta == null ? [] : [`Δ acc ${plusMinus(acc.delta, acc.deltaSigma, 4)}`]),
  ];
  const what = [row.protocol, row.format, row.format === "fp32" ? "" : row.method, row.activation ? "W4A4" : ""];
  const time = `${(row.timing.quantizeMs / 1000).toFixed(0)} + ${(row.timing.evaluateMs / 1000).toFixed(0)} s`;
  console.log(`  ${what.filter(Boolean).join(" ").padEnd(58)} ${figures.join("  ")}  (${time})`);
}

async function sweep(out: string, limit: string, ...tasks: string[]): Promise<void> {
  const what = ["--formats", FORMATS, "--methods", "rtn,gptq", "--activations", "fp32,same", "--limit", limit];
  const text = ["--calibration", CALIBRATION, "--calibration-windows", CALIBRATION_WINDOWS];
  await command("sweep", "--models", MODEL, ...what, ...text, "--tasks", tasks.join(","), "--out", out);
  const lines = readFileSync(join(out, "journal.jsonl"), "utf8").trimEnd().split("\n");
  // The first line says what the file is.
  for (const line of lines.slice(1)) show(JSON.parse(line) as Row);
}

if (!existsSync(MODEL) || !existsSync(TEXTS)) {
  console.log(`smollm2: skipped, needs ${MODEL} (test/golden/make-smollm2.py) and the texts in ../shared`);
} else {
  const folder = mkdtempSync(join(tmpdir(), "bf-smollm2-"));
  const format = FORMATS.split(",")[0]!;
  try {
    await command("quantize", MODEL, "--format", format, "--packed", "--out", join(folder, "packed"));
    await sweep(join(folder, "text"), WINDOWS, `wikitext2-gptq:${join(TEXTS, "wikitext2-raw-test.joined.txt")}`);
    const examples = [
      `lambada:${join(TEXTS, "lambada_openai_first2576.jsonl")}`,
      `piqa:${join(TEXTS, "piqa_valid.jsonl")}`,
    ];
    await sweep(join(folder, "examples"), EXAMPLES, ...examples);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
