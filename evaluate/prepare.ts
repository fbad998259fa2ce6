import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Format, namedFormat, operandsOf, parseFormat, storageBits } from "../formats/index.ts";
import { aboutFormat } from "../formats/sheets/index.ts";
import "../fitting/everyId.ts";
import type { FoundDevice } from "./engine/devices.ts";
import { engineVersion } from "./engine/session.ts";
import { methodById } from "./methods/index.ts";
import { type FetchProgress, fetchModel, packageRoot } from "./model/index.ts";
import { BASELINE, type FormatNames, type PreparedSweep, planTrials, type SweepConfig } from "./sweep/index.ts";
import type { MemoryEstimate } from "./trial/memory.ts";
import { type ModelBench, prepareModel } from "./trial/modelBench.ts";
import { runningFormatsOf } from "./trial/runningFormatsOf.ts";
import { elementName, familyOf } from "./trial/runTrial.ts";

export interface PrepareOptions {
  /** Threads of the engine; onnxruntime's default when absent. */
  threads?: number;
  /** Where models run: see `chooseDevice`. The CPU when absent. */
  device?: FoundDevice;
  /** Folder for the token ids of long texts, where several processes prepare the same sweep. */
  cache?: string;
  /** Told of the download of a Hub id that is not in the cache. */
  onFetch?: (progress: FetchProgress) => void;
  /** Told of the memory that each model will need, before its weights are read. */
  onMemory?: (estimate: MemoryEstimate) => void;
}

/**
 * Makes a config ready to run: reads each model and its texts, checks every format against every layer, and keys the
 * trials. Trials of a model share its weights, the windows and one engine session per shape; one model is in memory at a time.
 * Throws UserError for anything that is wrong with model, text, format or method, before any trial has run.
 */
export async function prepareSweep(
  config: SweepConfig,
  { onFetch, onMemory, device, cache, ...engine }: PrepareOptions = {},
): Promise<PreparedSweep> {
  const methods = [...new Set(config.methods.map((method) => methodById(method).id))];
  const specs = planTrials({ ...config, methods }, formatNames, (method) => methodById(method).draws);
  for (const spec of specs) runningFormatsOf(spec);
  const formats = new Map(specs.filter((s) => s.format !== BASELINE).map((s) => [s.format, parseFormat(s.format)]));
  const made = { versions: versions(device), formats, engine, device, cache, onMemory };
  const benches = new Map<string, ModelBench>();
  for (const model of config.models) {
    const own = specs.filter((spec) => spec.model === model);
    if (own.length === 0) continue;
    await fetchModel(model, onFetch && { onProgress: onFetch });
    const bench = await prepareModel(model, own, config, made);
    benches.set(model, bench);
    if (config.models.length > 1) await bench.rest();
  }
  const all = [...benches.values()];
  // One model under two names is one.
  const seen = new Set<string>();
  const plan = all.flatMap((bench) => bench.plan).filter(({ key }) => !seen.has(key) && seen.add(key));
  let awake: ModelBench | undefined;
  return {
    plan,
    async runTrial(trial, tell) {
      const bench = benches.get(trial.spec.model)!;
      if (awake !== bench) await awake?.rest();
      awake = bench;
      return bench.runTrial(trial, tell);
    },
    versions: made.versions,
    // Fits of several models would lie on one another.
    profiles: () => (all.length === 1 ? all[0]!.profiles() : []),
    codebooks: codebooksOf([...formats.values()]),
    countOf: ({ model, task }) => benches.get(model)!.countOf(task),
    async rest() {
      for (const bench of all) await bench.rest();
    },
  };
}

const formatNames: FormatNames = {
  isElement: (id) => !id.includes("@") && !id.includes(":") && namedFormat(id.toLowerCase()) === undefined,
  canonical: (id) => parseFormat(id).id,
};

/** The values of each codebook, by the name its rows go by: all that any group may take, for families. */
function codebooksOf(formats: readonly Format[]) {
  const byName = new Map(formats.map((format) => [elementName(format), format]));
  return [...byName].map(([id, format]) => ({
    id,
    label: aboutFormat(format).label,
    family: familyOf(format),
    bits: storageBits(format).code,
    values: [...new Set(operandsOf(format).flatMap(({ values }) => values))].sort((a, b) => a - b),
  }));
}

/** What made a row: ours, the engine's and the runtime's version. */
function versions(device?: FoundDevice): Record<string, string> {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return {
    bitfrontier: version,
    "onnxruntime-node": engineVersion(),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    device: device ? `${device.device} (${device.name})` : "cpu",
  };
}
