import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isSystemError, systemReason } from "../evaluate/storage/files.ts";
import {
  defaultConfig,
  FILTER_FIELDS,
  parseConfig,
  parseFilter,
  presetConfig,
  presetNames,
  presets,
  type SweepConfig,
  sweepInto,
  validateConfig,
} from "../evaluate/sweep/index.ts";
import { UserError } from "../formats/error.ts";
import { codebookOption } from "./codebooks.ts";
import { deviceInput, deviceOption } from "./device.ts";
import { printDryRun } from "./dryRun.ts";
import { secondsOf } from "./duration.ts";
import { fetchProgress } from "./fetchProgress.ts";
import { liveSweep } from "./live.ts";
import { headHelp, methodOptions, settingHelp } from "./methods.ts";
import { type Command, type Input, UsageError } from "./options.ts";
import { printReport } from "./printReport.ts";

/** Every process holds the model; Slurm's own limit of an array is 1000 tasks by default. */
const JOBS_MAX = 1000;

/** Where trials run. */
const executorNames = ["local", "slurm"] as const;

export const sweep: Command = {
  name: "sweep",
  summary: "run models × formats × groups into a folder, with journal, report and tables",
  arguments: [{ name: "CONFIG.json", help: "sweep file; absent fields, and all without a file, take the defaults" }],
  options: {
    out: {
      value: "DIR",
      help: "folder of journal and report; a second run goes on where it stopped (default runs/default)",
    },
    preset: { value: "NAME", help: presetNames.map((name) => `${name}: ${presets[name].summary}`).join("; ") },
    models: { value: "MODELS", many: true, help: "folders, .gguf files, Hub ids (org/name), or reference" },
    formats: { value: "IDS", many: true, help: "elements or formats, separated by commas" },
    codebook: codebookOption,
    groups: { value: "LIST", many: true, help: "group sizes for elements: numbers, row, tensor" },
    activations: { value: "IDS", many: true, help: settingHelp.activation },
    kv: { value: "IDS", many: true, help: settingHelp.kv },
    head: { value: "LIST", many: true, help: headHelp },
    methods: { value: "IDS", many: true, help: methodOptions.method.help },
    calibration: methodOptions.calibration,
    "calibration-windows": methodOptions["calibration-windows"],
    tasks: { value: "LIST", many: true, help: "e.g. perplexity:text.txt" },
    context: { value: "N", help: "tokens of a window (default: the model's maximum)" },
    limit: { value: "N", help: "score only N windows or examples, evenly spaced" },
    seeds: {
      value: "LIST",
      many: true,
      help: "of methods that draw random numbers; others run once, with the first (default 0)",
    },
    include: { value: "FILTERS", many: true, help: "only trials that match one, e.g. 'format=*4@g128 method=*gptq*'" },
    exclude: { value: "FILTERS", many: true, help: `no trial that matches one; fields: ${FILTER_FIELDS.join(", ")}` },
    "dry-run": { help: "print the trials, what is done, and an estimate of time and memory; write nothing" },
    time: {
      value: "T",
      help: "start no trial after so long (90s, 30m, 2h): what is done is kept, and the report of it made",
    },
    device: deviceOption,
    executor: {
      value: "E",
      help: "local (default), or slurm: array jobs, submitted, watched and collected by this command",
    },
    jobs: { value: "N", help: "worker processes (default 1: this one), or tasks of the Slurm array (default 4)" },
    slurm: { value: "WORDS", help: "more words for sbatch, e.g. --slurm='--partition=gpu --time=60'" },
    serve: {
      value: "PORT",
      bare: "0",
      help: "show the sweep as it goes on a page of this machine (without PORT, of a free one)",
    },
    threads: { value: "N", help: "threads of the engine in each process" },
  },
  examples: [
    "sweep",
    "sweep config.json --out runs/a",
    "sweep --formats sf4,int4,e2m1+sr --groups 32,row --jobs 2 --out runs/b",
    "sweep --preset paper-w4a4 --models reference --dry-run",
    "sweep --activations same,int8 --out runs/c",
    "sweep --head fp,quant,untie --out runs/d",
    "sweep --preset deep --time 2h --out runs/e",
  ],

  async run(input, io) {
    const config = configOf(input);
    const out = input.text("out") ?? "runs/default";
    const threads = input.whole("threads", 1, 1024);
    const device = await deviceInput(input, io);
    const name = input.oneOf("executor", executorNames) ?? "local";
    const jobs = input.whole("jobs", 1, JOBS_MAX) ?? (name === "slurm" ? 4 : 1);
    const time = input.text("time");
    if (time !== undefined && name === "slurm")
      throw new UsageError("sweep: --time is of trials that run here; Slurm's own is --slurm=--time=…");
    const end = time === undefined ? undefined : AbortSignal.timeout(millisecondsOf(time));
    const submitArguments = input.text("slurm")?.trim().split(/\s+/) ?? [];
    // The engine loads a 20 MB library, which the other commands do without.
    const { prepareSweep } = await import("../evaluate/prepare.ts");
    const { executorOf } = await import("../evaluate/sweep/executors/index.ts");
    const engine = {
      ...(threads === undefined ? {} : { threads }),
      ...(name === "slurm" || jobs > 1 ? { cache: join(out, "cache") } : {}),
    };
    const where = device.device ? { device: device.device.device } : {};
    const setup = { config, codebooks: input.list("codebook"), ...engine, ...where };
    const onMemory = (await import("./memoryNote.ts")).memoryNote(io.stderr);
    if (input.has("dry-run"))
      return printDryRun(out, config, jobs, { ...engine, ...device, onMemory, onFetch: fetchProgress(io.stderr) }, io);
    const executor = executorOf({ name, jobs, directory: out, setup, submitArguments });
    const port = input.whole("serve", 0, 65_535);
    const live = port === undefined ? undefined : await liveSweep(port, config.models, io.stderr);
    const stop = io.interruptible();
    const signal = end ? AbortSignal.any([stop, end]) : stop;
    const { manifest, rows, failures, interrupted } = await sweepInto(
      out,
      config,
      (each) => prepareSweep(each, { onFetch: fetchProgress(io.stderr), onMemory, ...engine, ...device }),
      { command: input.line, stream: io.stderr, signal, executor, watch: live?.watch },
    ).finally(() => live?.close());
    if (rows.length > 0) await printReport(out, { rows, ...manifest }, io);
    for (const { spec, error } of failures)
      io.stderr.write(`failed: ${spec.format} on ${spec.task}: ${error.message.replace(/\s*\n\s*/g, " ")}\n`);
    const open = manifest.keys.length - rows.length;
    if (interrupted && !stop.aborted && failures.length === 0) {
      io.stderr.write(`time is up with ${open} trials open; the same command goes on from here\n`);
      return undefined;
    }
    if (interrupted) throw new UserError(`interrupted with ${open} trials open; the same command goes on from here`);
    if (open > 0)
      throw new UserError(`${open} of ${manifest.keys.length} trials failed; the same command tries them again`);
    return undefined;
  },
};

/** A timer holds no more than 2^31 − 1 ms, 24 days. */
function millisecondsOf(time: string): number {
  return Math.min(1000 * secondsOf(time, "sweep: --time"), 2 ** 31 - 1);
}

/** The file's config, with flags on top, checked as a whole. */
function configOf(input: Input): SweepConfig {
  const path = input.positionals[0];
  const preset = input.text("preset");
  const defaults = preset === undefined ? defaultConfig : presetConfig(preset);
  const base = path === undefined ? defaults : parseConfig(readBytes(path), defaults, path);
  const flags: Record<string, unknown> = {
    models: listOf(input, "models"),
    formats: listOf(input, "formats"),
    groups: listOf(input, "groups")?.map((group) => (/^\d+$/.test(group) ? Number(group) : group)),
    methods: listOf(input, "methods"),
    activations: listOf(input, "activations"),
    kvCaches: listOf(input, "kv"),
    heads: listOf(input, "head"),
    tasks: listOf(input, "tasks"),
    context: input.whole("context", 2, Number.MAX_SAFE_INTEGER),
    limitWindows: input.whole("limit", 1, Number.MAX_SAFE_INTEGER),
    calibration: input.text("calibration"),
    calibrationWindows: input.whole("calibration-windows", 1, Number.MAX_SAFE_INTEGER),
    seeds: listOf(input, "seeds")?.map((seed) => (/^\d+$/.test(seed) ? Number(seed) : seed)),
    include: listOf(input, "include")?.map(parseFilter),
    exclude: listOf(input, "exclude")?.map(parseFilter),
  };
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  return validateConfig({ ...base, ...given }, defaultConfig, "sweep");
}

function listOf(input: Input, name: string): string[] | undefined {
  const list = input.list(name);
  return list.length > 0 ? list : undefined;
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw isSystemError(error) ? new UserError(`cannot read ${path}: ${systemReason(error)}`) : error;
  }
}
