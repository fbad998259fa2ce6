import type { Row } from "../trial/row.ts";
import { contentHash, type TrialSpec } from "./key.ts";
import type { PlannedTrial } from "./run.ts";

/** Milliseconds of one trial: those that grow with the windows scored, and those that do not. */
export interface TrialTime {
  quantizeMs: number;
  evaluateMs: number;
}

/** Where an estimate comes from: this trial's own row, rows of like trials, a probe of a like trial, or nowhere. */
export type Basis = "done" | "rows" | "probe" | "unknown";

export interface TrialEstimate {
  trial: PlannedTrial;
  /** Null where nothing is known. */
  ms: number | null;
  basis: Basis;
}

/** Trials of one kind take alike: the same but for format, group and seed. */
export function kindOf({ format, seed: _, ...spec }: TrialSpec): string {
  return contentHash({ ...spec, unquantized: format === "fp32" });
}

/**
 * Estimates each trial of a plan: 0 for those that are done, else the median of finished rows of its kind, else what a
 * probe of its kind took.
 */
export function estimateTrials(
  plan: readonly PlannedTrial[],
  rows: ReadonlyMap<string, Row>,
  probes: ReadonlyMap<string, TrialTime>,
): TrialEstimate[] {
  const known = new Map<string, number[]>();
  for (const { key, spec } of plan) {
    const timing = rows.get(key)?.timing;
    if (timing) known.set(kindOf(spec), [...(known.get(kindOf(spec)) ?? []), timing.quantizeMs + timing.evaluateMs]);
  }
  return plan.map((trial): TrialEstimate => {
    if (rows.has(trial.key)) return { trial, ms: 0, basis: "done" };
    const like = known.get(kindOf(trial.spec));
    if (like) return { trial, ms: median(like), basis: "rows" };
    const probe = probes.get(kindOf(trial.spec));
    if (probe) return { trial, ms: probe.quantizeMs + probe.evaluateMs, basis: "probe" };
    return { trial, ms: null, basis: "unknown" };
  });
}

/** One open trial of each kind that no finished row tells of: what is worth a probe. */
export function unknownKinds(plan: readonly PlannedTrial[], rows: ReadonlyMap<string, Row>): PlannedTrial[] {
  const kinds = new Map<string, PlannedTrial>();
  for (const { trial, basis } of estimateTrials(plan, rows, new Map())) {
    if (basis === "unknown" && !kinds.has(kindOf(trial.spec))) kinds.set(kindOf(trial.spec), trial);
  }
  return [...kinds.values()];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
