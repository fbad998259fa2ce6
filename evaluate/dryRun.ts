import { join } from "node:path";
import { type PrepareOptions, prepareSweep } from "./prepare.ts";
import { pathIs } from "./storage/files.ts";
import {
  contentHash,
  estimateTrials,
  JOURNAL_FILE,
  kindOf,
  type PlannedTrial,
  type PreparedSweep,
  readJournal,
  type SweepConfig,
  type TrialEstimate,
  type TrialSpec,
  type TrialTime,
  unknownKinds,
} from "./sweep/index.ts";
import type { Row } from "./trial/row.ts";

export interface DryRun {
  trials: TrialEstimate[];
  /** How many trials were probed. */
  probes: number;
  /** Kinds of trials that were not, for want of time. */
  unprobed: number;
  /** Most memory that this process has held by then, in bytes: model, session and a trial's buffers, where one was probed. */
  peakBytes: number;
  warnings: string[];
}

/** Windows of a probe: two runs of the engine at its usual 2048 tokens, or the fewest that a task takes. */
const PROBE_TOKENS = 4096;
const PROBE_WINDOWS_MIN = 2;

/** No probe starts after this long: people wait for a dry run. */
const PROBING_MS = 30_000;

/** A probe shorter than this is run twice, so that what only the first run does (compiling) is not counted. */
const AGAIN_MS = 3000;

/**
 * What a sweep would do, without writing anything: its trials, those that its folder has already, and for the others what they
 * will take, from rows of like trials or from probes: real trials over a few windows, whose evaluation is scaled to all.
 * Throws UserError as the sweep itself would.
 */
export async function dryRun(
  directory: string,
  config: SweepConfig,
  options: PrepareOptions = {},
  onProbe: (spec: TrialSpec) => void = () => {},
): Promise<DryRun> {
  const known = pathIs("file", join(directory, JOURNAL_FILE)) ? await readJournal(directory) : null;
  const rows: ReadonlyMap<string, Row> = known?.rows ?? new Map();
  const prepared = await prepareSweep(config, options);
  const { plan } = prepared;
  await prepared.rest();
  const kinds = unknownKinds(plan, rows);
  const probes = kinds.length > 0 ? await probeKinds(kinds, prepared, config, options, onProbe) : new Map();
  return {
    trials: estimateTrials(plan, rows, probes),
    probes: probes.size,
    unprobed: kinds.length - probes.size,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    warnings: known?.warnings ?? [],
  };
}

/** Runs trials of these kinds over a few windows; gives what they would take over all, by kind. */
async function probeKinds(
  kinds: readonly PlannedTrial[],
  { countOf }: PreparedSweep,
  config: SweepConfig,
  options: PrepareOptions,
  onProbe: (spec: TrialSpec) => void,
): Promise<Map<string, TrialTime>> {
  const context = Math.max(...kinds.map(({ spec }) => spec.context!));
  const windows = Math.max(PROBE_WINDOWS_MIN, Math.floor(PROBE_TOKENS / context));
  const limitWindows = Math.min(windows, config.limitWindows ?? windows);
  const small = await prepareSweep({ ...config, limitWindows }, options);
  const bySpec = new Map(small.plan.map((trial) => [unlimited(trial.spec), trial]));
  const times = new Map<string, TrialTime>();
  const started = performance.now();
  try {
    for (const { spec } of kinds) {
      const trial = bySpec.get(unlimited(spec));
      if (!trial || performance.now() - started > PROBING_MS) continue;
      onProbe(spec);
      let { timing } = await small.runTrial(trial);
      if (timing.quantizeMs + timing.evaluateMs < AGAIN_MS) timing = (await small.runTrial(trial)).timing;
      const { quantizeMs, evaluateMs } = timing;
      times.set(kindOf(spec), { quantizeMs, evaluateMs: (evaluateMs * countOf(spec)) / small.countOf(spec) });
    }
  } finally {
    await small.rest();
  }
  return times;
}

/** A trial but for how many windows it scores. */
function unlimited({ limitWindows: _, ...spec }: TrialSpec): string {
  return contentHash(spec);
}
