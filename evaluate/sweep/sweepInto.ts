import type { Row } from "../trial/row.ts";
import type { SweepConfig } from "./config.ts";
import { inProcess } from "./executors/inProcess.ts";
import { type SweepManifest, writeManifest } from "./folder.ts";
import { changesSince } from "./identity.ts";
import { openJournal } from "./journal.ts";
import type { TrialSpec } from "./key.ts";
import { createProgress, type ProgressStream } from "./progress.ts";
import { type Executor, type PlannedTrial, type RunTrial, runSweep, type SweepOutcome } from "./run.ts";

/** A config made ready to run: the model is loaded, the text tokenized, the trials keyed. */
export interface PreparedSweep {
  plan: PlannedTrial[];
  runTrial: RunTrial;
  versions: SweepManifest["versions"];
  /** Fits of the tensors, made when asked for: an evaluation does without. */
  profiles(): SweepManifest["profiles"];
  codebooks: SweepManifest["codebooks"];
  /** Windows or examples that a trial of this model and task scores. */
  countOf(spec: Pick<TrialSpec, "model" | "task">): number;
  /** Frees models and sessions until a trial is run here again. */
  rest(): Promise<void>;
}

export interface SweepIntoOptions {
  /** The command line that started it, for the report. */
  command: string;
  /** Where progress and warnings go. */
  stream: ProgressStream;
  signal?: AbortSignal;
  /** Shown the sweep as it goes: called at its start, after each trial and at its end. */
  watch?: ((state: SweepState) => void) | undefined;
  /** Who runs the trials; this process where it is absent. `note` prints a line above the progress. */
  executor?: ((note: (line: string) => void) => Executor) | undefined;
}

/** A sweep at one moment. */
export interface SweepState {
  manifest: SweepManifest;
  /** Rows of its plan so far, in plan order. */
  rows: Row[];
  failures: SweepOutcome["failures"];
}

/** How often the clock of a terminal's progress line moves while a trial runs. */
const TICK_MS = 500;

/**
 * Runs a config into a folder and leaves journal and manifest there; what the journal has already is not run again.
 * The folder is locked and proved writable before anything slow is prepared.
 * Throws UserError: folder in use or unwritable, or whatever `prepare` refuses.
 */
export async function sweepInto(
  directory: string,
  config: SweepConfig,
  prepare: (config: SweepConfig) => Promise<PreparedSweep>,
  { command, stream, signal, executor, watch }: SweepIntoOptions,
): Promise<SweepOutcome & { manifest: SweepManifest }> {
  const journal = await openJournal(directory);
  try {
    let told = 0;
    const tellWarnings = (say: (line: string) => void) => {
      for (; told < journal.warnings.length; told++) say(`warning: ${journal.warnings[told]}`);
    };
    tellWarnings((line) => stream.write(`${line}\n`));
    const { plan, runTrial, versions, profiles, codebooks, rest } = await prepare(config);
    try {
      for (const line of changesSince(plan, journal.rows, versions)) stream.write(`warning: ${line}\n`);
      const createdAt = new Date().toISOString();
      const keys = plan.map(({ key }) => key);
      const manifest = { command, createdAt, versions, config: { ...config }, keys, profiles: profiles(), codebooks };
      writeManifest(directory, manifest);
      // Other processes load what they need themselves.
      if (executor) await rest();
      const failures: SweepOutcome["failures"] = [];
      const show = () => watch?.({ manifest, rows: keys.flatMap((key) => journal.rows.get(key) ?? []), failures });
      show();
      const done = plan.filter(({ key }) => journal.rows.has(key)).length;
      const progress = createProgress({ stream, total: plan.length, done });
      const ticking = setInterval(() => progress.tick(), TICK_MS);
      try {
        const outcome = await runSweep({
          plan,
          journal,
          executor:
            executor?.(progress.note) ??
            inProcess(runTrial, ({ spec }, step) => progress.step(`${spec.format}: ${step}`)),
          onProgress({ spec, error }) {
            if (error) {
              failures.push({ spec, error });
              progress.note(`warning: ${spec.format} on ${spec.task} failed: ${error.message}`);
            }
            show();
            progress.advance(spec.format);
            tellWarnings((line) => progress.note(line));
          },
          ...(signal ? { signal } : {}),
        });
        return { ...outcome, manifest };
      } finally {
        clearInterval(ticking);
        progress.end();
      }
    } finally {
      await rest();
    }
  } finally {
    await journal.close();
  }
}
