import type { Row } from "../trial/row.ts";
import { compareWithBaseline } from "./baseline.ts";
import type { TrialIdentity } from "./identity.ts";
import type { Journal } from "./journal.ts";
import type { TrialSpec } from "./key.ts";

/** A trial with its key, and the key of the full-precision trial it is compared with (null for that trial itself). */
export interface PlannedTrial {
  key: string;
  spec: TrialSpec;
  identity: TrialIdentity;
  baseline: string | null;
}

/** Told what a trial is at: "layer 3 of 35". */
export type Tell = (step: string) => void;

/** Computes one row, without its differences to the baseline. */
export type RunTrial = (trial: PlannedTrial, tell?: Tell) => Promise<Row>;

/** The open trials of a sweep, as an executor sees them. */
export interface TrialQueue {
  /** The next trial to run, in plan order; undefined when there is none left, or the sweep is to stop. */
  next(): PlannedTrial | undefined;
  /**
   * Takes what a trial gave: its row (without differences to the baseline) is on disk when this resolves, or kept until
   * its baseline's is; an Error makes it a failure. Rejects when the journal cannot be written: nothing more can be kept.
   */
  settle(trial: PlannedTrial, result: Row | Error): Promise<void>;
  /** Whether the row of a key is in the journal. */
  has(key: string): boolean;
  /** Aborted when the sweep is to stop: finish what runs, take no more. */
  readonly signal: AbortSignal | undefined;
}

/** Runs the trials of a queue somewhere, in any order, and settles each it has taken. */
export type Executor = (queue: TrialQueue) => Promise<void>;

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
 * Runs a plan and puts each row into the journal before anybody hears of it; this process is the only one that writes
 * there, whichever executor computes. A trial already in the journal is skipped. A metric that cannot be computed is a row
 * with null and a reason; a trial that throws is a failure of that trial alone and leaves no row, so that the next run
 * tries it again. When the journal itself cannot be written the sweep ends with that error.
 * Aborting `signal` lets running trials finish, then stops.
 */
export async function runSweep({
  plan,
  journal,
  executor,
  onProgress,
  signal,
}: {
  plan: readonly PlannedTrial[];
  journal: RowStore;
  executor: Executor;
  onProgress?: (progress: SweepProgress) => void;
  signal?: AbortSignal;
}): Promise<SweepOutcome> {
  const open = plan.filter(({ key }) => !journal.rows.has(key));
  const skipped = plan.length - open.length;
  const failures: SweepOutcome["failures"] = [];
  const failed = new Set<string>();
  /** Rows whose baseline is not done yet, by the baseline's key. */
  const waiting = new Map<string, [PlannedTrial, Row][]>();
  let ran = 0;
  let taken = 0;

  function report(spec: TrialSpec, error?: Error): void {
    const about = { done: skipped + ran + failures.length, total: plan.length, spec };
    onProgress?.(error ? { ...about, outcome: "failure", error } : { ...about, outcome: "row" });
  }

  function fail({ key, spec }: PlannedTrial, error: Error): void {
    failed.add(key);
    failures.push({ spec, error });
    report(spec, error);
  }

  async function keep(trial: PlannedTrial, row: Row): Promise<void> {
    if (!(await journal.append(row))) return;
    ran++;
    report(trial.spec);
  }

  async function settle(trial: PlannedTrial, result: Row | Error): Promise<void> {
    const { key, baseline } = trial;
    if (journal.rows.has(key)) return;
    if (result instanceof Error) fail(trial, result);
    else if (result.key !== key) fail(trial, new Error(`the row has key ${result.key}, the trial ${key}`));
    else if (baseline === null) await keep(trial, result);
    else {
      const before = journal.rows.get(baseline);
      if (before) await keep(trial, compareWithBaseline(result, before));
      else if (failed.has(baseline)) fail(trial, noBaseline());
      else waiting.set(baseline, [...(waiting.get(baseline) ?? []), [trial, result]]);
    }
    const kept = waiting.get(key) ?? [];
    waiting.delete(key);
    for (const [each, row] of kept) await settle(each, row);
  }

  await executor({
    signal,
    has: (key) => journal.rows.has(key),
    next() {
      while (taken < open.length && !signal?.aborted) {
        const trial = open[taken++]!;
        if (trial.baseline === null || !failed.has(trial.baseline)) return trial;
        fail(trial, noBaseline());
      }
      return undefined;
    },
    settle,
  });
  const rows = plan.map(({ key }) => journal.rows.get(key)).filter((row) => row !== undefined);
  const interrupted = signal?.aborted === true && rows.length + failures.length < plan.length;
  return { rows, ran, skipped, failures, interrupted };
}

const noBaseline = () => new Error("its full-precision baseline did not finish");
