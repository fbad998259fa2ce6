import { UserError } from "../formats/error.ts";
import { type PrepareOptions, prepareSweep } from "./prepare.ts";
import {
  changedParts,
  defaultConfig,
  headOf,
  inProcess,
  runSweep,
  type SweepConfig,
  type TrialSpec,
  validateConfig,
} from "./sweep/index.ts";
import type { Row } from "./trial/row.ts";

/** One field that came out differently. */
export interface Difference {
  /** `perplexity`, `layers[3].relativeMse`. */
  field: string;
  before: unknown;
  now: unknown;
}

export interface Reproduction {
  /** The row as it came out now. */
  row: Row;
  /** All that differs, timing and versions apart. */
  differences: Difference[];
  /** Versions that differ: not a difference of the result, but its likely cause where there is one. */
  versions: Difference[];
}

/**
 * Runs the trial of a row again, and that of its baseline, from what the row says of itself. Throws UserError: the row does
 * not say enough, or the files it was made from, or this program, are not what they were.
 */
export async function reproduceRow(row: Row, options: PrepareOptions = {}): Promise<Reproduction> {
  const prepared = await prepareSweep(configOf(row), options);
  try {
    const isSame = ({ spec }: { spec: TrialSpec }) =>
      spec.format === row.format &&
      spec.activation === row.activation &&
      spec.kv === row.kv &&
      spec.scope === row.scope;
    const trial = prepared.plan.find(isSame);
    if (!trial) throw new UserError(`row ${row.key.slice(0, 12)}: its format ${row.format} gives no trial here`);
    if (trial.key !== row.key) {
      const parts = changedParts(row, trial);
      const why = parts.length > 0 ? parts.join(" and ") : "its key, for a reason that the row does not show,";
      throw new UserError(`row ${row.key.slice(0, 12)} cannot be made again: ${why} changed`);
    }
    const rows = new Map<string, Row>();
    const journal = { rows, append: async (each: Row) => Boolean(rows.set(each.key, each)) };
    const outcome = await runSweep({ plan: prepared.plan, journal, executor: inProcess(prepared.runTrial) });
    if (outcome.failures.length > 0) throw outcome.failures[0]!.error;
    const again = rows.get(row.key)!;
    const differing = [...differences(strip(row), strip(again), "")];
    return { row: again, differences: differing, versions: [...differences(row.versions, again.versions, "")] };
  } finally {
    await prepared.rest();
  }
}

/** The sweep of one trial and its baseline. */
function configOf(row: Row): SweepConfig {
  const {
    format,
    method,
    methodOptions,
    activation,
    kv,
    scope,
    task,
    model,
    seed,
    identity: _,
    calibration,
    ...spec
  } = row.config;
  const windows = (methodOptions as { calibration?: { windows?: unknown } } | undefined)?.calibration?.windows;
  const config = {
    ...spec,
    models: [model],
    tasks: [task],
    seeds: [seed],
    formats: [format],
    heads: [headOf(String(scope))],
    ...(activation === undefined ? {} : { activations: [activation] }),
    ...(kv === undefined ? {} : { kvCaches: [kv] }),
    ...(method === "none" ? {} : { methods: [method] }),
    ...(calibration === undefined ? {} : { calibration }),
    ...(windows === undefined ? {} : { calibrationWindows: windows }),
  };
  return validateConfig(config, defaultConfig, `row ${row.key.slice(0, 12)}`);
}

/** As a journal would give it back: JSON knows no −0. */
function strip({ timing: _, versions: __, ...row }: Row): unknown {
  return JSON.parse(JSON.stringify(row));
}

/** The leaves in which two JSON values differ. */
function* differences(before: unknown, now: unknown, field: string): Generator<Difference> {
  if (Object.is(before, now)) return;
  if (isObject(before) && isObject(now) && Array.isArray(before) === Array.isArray(now)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
      const part = Array.isArray(before) ? `${field}[${name}]` : field === "" ? name : `${field}.${name}`;
      yield* differences(before[name], now[name], part);
    }
    return;
  }
  yield { field, before, now };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
