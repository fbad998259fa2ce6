import { DEFAULT_GROUP, UserError } from "../formats/index.ts";
import { type PrepareOptions, prepareSweep } from "./prepare.ts";
import {
  BASELINE,
  defaultConfig,
  type Head,
  inProcess,
  runSweep,
  SAME,
  type SweepProgress,
  type TrialSpec,
} from "./sweep/index.ts";
import type { Row } from "./trial/row.ts";

export interface EvaluateOptions extends PrepareOptions {
  model: string;
  /** Format id; null evaluates the model as it is. */
  format: string | null;
  method: string;
  /** What activations, and keys and values, are rounded to as the model runs: `SweepConfig`; fp32 when absent. */
  activation?: string;
  kv?: string;
  /** What becomes of the head: `SweepConfig`; fp when absent. */
  head?: Head;
  /** One or several. */
  task: string | readonly string[];
  /** Window length in tokens; null is the model's maximum. */
  context: number | null;
  limitWindows: number | null;
  /** Text on which the method calibrates; null is the embedded model's own, and none for other models. */
  calibration?: string | null;
  calibrationWindows?: number;
  onProgress?: (progress: SweepProgress) => void;
  /** Told what a trial is at. */
  onStep?: (spec: TrialSpec, step: string) => void;
}

/**
 * Evaluates a model on a task: the full-precision row and, where formats of weights, activations or cache are given, the row
 * in those with its paired difference. Nothing is written. Throws UserError naming what is wrong with model, format, method or task.
 */
export async function evaluateModel(options: EvaluateOptions): Promise<Row[]> {
  const { model, format, method, task, context, limitWindows, onProgress, onStep, ...rest } = options;
  const { activation = BASELINE, kv = BASELINE, head = "fp", ...others } = rest;
  const { calibration = null, calibrationWindows = defaultConfig.calibrationWindows, ...engine } = others;
  if (format === null && (activation === SAME || kv === SAME))
    throw new UserError(`activations and caches in the "${SAME}" format as the weights need a format of the weights`);
  if (format === null && head !== "fp" && activation === BASELINE)
    throw new UserError(
      `head "${head}": without a format nothing of it is rounded; give one, of weights or activations`,
    );
  const prepared = await prepareSweep(
    {
      models: [model],
      formats: [format ?? BASELINE],
      groups: [DEFAULT_GROUP],
      methods: [method],
      activations: [activation],
      kvCaches: [kv],
      tasks: typeof task === "string" ? [task] : [...task],
      context,
      limitWindows,
      heads: [head],
      calibration,
      calibrationWindows,
      seeds: [0],
      include: [],
      exclude: [],
    },
    engine,
  );
  try {
    const rows = new Map<string, Row>();
    const journal = {
      rows,
      async append(row: Row) {
        rows.set(row.key, row);
        return true;
      },
    };
    const { plan, runTrial } = prepared;
    const outcome = await runSweep({
      plan,
      journal,
      executor: inProcess(runTrial, onStep && (({ spec }, step) => onStep(spec, step))),
      ...(onProgress ? { onProgress } : {}),
    });
    if (outcome.failures.length > 0) throw outcome.failures[0]!.error;
    return outcome.rows;
  } finally {
    await prepared.rest();
  }
}
