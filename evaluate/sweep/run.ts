import type { Row } from "../row.ts";
import type { Journal } from "./journal.ts";
import type { TrialSpec } from "./key.ts";

/** A trial with its key, and the key of the full-precision trial it is compared with (null for that trial itself). */
export interface PlannedTrial {
  key: string;
  spec: TrialSpec;
  baseline: string | null;
}

/** Computes one row. `baseline` is the finished row it is compared with. */
export type RunTrial = (trial: PlannedTrial, baseline: Row | null) => Promise<Row>;

/** Told after each trial that was run (not for those that were done before). */
export interface SweepProgress {
  /** Trials done, those of earlier runs included, of all in the plan. */
  done: number;
  total: number;
  spec: TrialSpec;
  outcome: "row" | "failure";
  /** Why, for a failure. */
  error?: Error;
}

export interface SweepOutcome {
  /** Rows of this plan in plan order, those of earlier runs included. */
  rows: Row[];
  ran: number;
  /** Trials found done in the journal. */
  skipped: number;
  /** Trials that threw: not in the journal, tried again by the next run. */
  failures: { spec: TrialSpec; error: Error }[];
  /** True when `signal` stopped it before the end. */
  interrupted: boolean;
}

/** What `runSweep` needs of a journal. */
export type RowStore = Pick<Journal, "rows" | "append">;

/**
 * Runs a plan in this process, one trial after another, and puts each row into the journal before anybody hears of it.
 * A trial already in the journal is skipped. A metric that cannot be computed is a row with null and a reason; a trial
 * that throws is a failure of that trial alone and leaves no row, so that the next run tries it again. When the journal
 * itself cannot be written the sweep ends with that error, since nothing more could be kept.
 * Aborting `signal` lets the running trial finish, then stops.
 */
export async function runSweep({
  plan,
  journal,
  runTrial,
  onProgress,
  signal,
}: {
  plan: readonly PlannedTrial[];
  journal: RowStore;
  runTrial: RunTrial;
  onProgress?: (progress: SweepProgress) => void;
  signal?: AbortSignal;
}): Promise<SweepOutcome> {
  const skipped = plan.filter(({ key }) => journal.rows.has(key)).length;
  const failures: SweepOutcome["failures"] = [];
  let ran = 0;
  let interrupted = false;
  for (const trial of plan) {
    if (journal.rows.has(trial.key)) continue;
    if (signal?.aborted) {
      interrupted = true;
      break;
    }
    const row = await attempt(trial, journal, runTrial);
    if (row instanceof Error) failures.push({ spec: trial.spec, error: row });
    else {
      await journal.append(row);
      ran++;
    }
    const done = skipped + ran + failures.length;
    const about = { done, total: plan.length, spec: trial.spec };
    onProgress?.(row instanceof Error ? { ...about, outcome: "failure", error: row } : { ...about, outcome: "row" });
  }
  const rows = plan.map(({ key }) => journal.rows.get(key)).filter((row) => row !== undefined);
  return { rows, ran, skipped, failures, interrupted };
}

async function attempt(trial: PlannedTrial, journal: RowStore, runTrial: RunTrial): Promise<Row | Error> {
  const baseline = trial.baseline === null ? null : journal.rows.get(trial.baseline);
  if (baseline === undefined) return new Error("its full-precision baseline did not finish");
  try {
    const row = await runTrial(trial, baseline);
    if (row.key !== trial.key) return new Error(`the row has key ${row.key}, the trial ${trial.key}`);
    return row;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
