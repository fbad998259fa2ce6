import { DEFAULT_GROUP } from "../formats/index.ts";
import { type PrepareOptions, prepareSweep } from "./prepare.ts";
import type { Row } from "./row.ts";
import { defaultConfig, inProcess, runSweep, type SweepProgress } from "./sweep/index.ts";

export interface EvaluateOptions extends PrepareOptions {
  model: string;
  /** Format id; null evaluates the model as it is. */
  format: string | null;
  method: string;
  task: string;
  /** Window length in tokens; null is the model's maximum. */
  context: number | null;
  limitWindows: number | null;
  /** Text on which the method calibrates; null is the embedded model's own, and none for other models. */
  calibration?: string | null;
  calibrationWindows?: number;
  onProgress?: (progress: SweepProgress) => void;
}

/**
 * Evaluates a model on a task: the full-precision row and, where a format is given, the row of that format with its paired
 * difference. Nothing is written. Throws UserError naming what is wrong with model, format, method or task.
 */
export async function evaluateModel(options: EvaluateOptions): Promise<Row[]> {
  const { model, format, method, task, context, limitWindows, onProgress, ...rest } = options;
  const { calibration = null, calibrationWindows = defaultConfig.calibrationWindows, ...engine } = rest;
  const prepared = await prepareSweep(
    {
      model,
      formats: format === null ? [] : [format],
      groups: [DEFAULT_GROUP],
      methods: [method],
      tasks: [task],
      context,
      limitWindows,
      scope: "linears",
      calibration,
      calibrationWindows,
      seed: 0,
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
      executor: inProcess(runTrial),
      ...(onProgress ? { onProgress } : {}),
    });
    if (outcome.failures.length > 0) throw outcome.failures[0]!.error;
    return outcome.rows;
  } finally {
    await prepared.release();
  }
}
