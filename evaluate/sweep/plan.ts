import { UserError } from "../../formats/error.ts";
import type { SweepConfig } from "./config.ts";
import type { TrialSpec } from "./key.ts";
import { staticId, staticSetting } from "./staticRange.ts";

/** What planning needs to know of format ids, so that it stays free of codebooks. */
export interface FormatNames {
  /** Whether an id is a bare element (`sf4`), which needs a group; false for `sf4@g64`, `mxfp4` and unknown ids. */
  isElement(id: string): boolean;
  /** The one spelling of a format id. Throws UserError for an unknown one, naming the nearest. */
  canonical(id: string): string;
}

/** The unquantized model: the trial that every other is compared with. */
export const BASELINE = "fp32";

/** More trials than this in one plan is a typing error, not a sweep: at one second each they run for a day. */
export const TRIALS_MAX = 100_000;

/**
 * The trials of a config in running order: for each task the full-precision baseline first, then in every setting of
 * activations and cache every format with every method (and the weights as they are, where the formats name fp32). Elements are crossed with the groups, formats that state their block are taken once; two spellings of
 * one format are one trial. Throws UserError for an unknown format or too many trials.
 */
export function planTrials(config: SweepConfig, names: FormatNames): TrialSpec[] {
  const formats = expandFormats(config, names);
  const settings = expandSettings(config, names);
  const count = config.tasks.length * (1 + settings.length * formats.length * config.methods.length);
  if (count > TRIALS_MAX) throw new UserError(`sweep: ${count} trials, more than ${TRIALS_MAX}; shorten a list`);
  const { model, scope, context, limitWindows, seed } = config;
  return config.tasks.flatMap((task) => {
    const trial = (format: string, method: string, setting: Setting = {}): TrialSpec => ({
      model,
      format,
      ...setting,
      method,
      methodOptions: {},
      scope,
      task,
      context,
      limitWindows,
      seed,
    });
    return [
      trial(BASELINE, "none"),
      ...settings.flatMap((setting) => [
        ...(config.formats.includes(BASELINE) && isWithoutWeights(setting) ? [trial(BASELINE, "none", setting)] : []),
        ...formats.flatMap((format) => config.methods.map((method) => trial(format, method, setting))),
      ]),
    ];
  });
}

/** What activations and cache are rounded to; absent at full precision. */
type Setting = Pick<TrialSpec, "activation" | "kv">;

/** The weights' own format, as an activation or cache setting. */
export const SAME = "same";

/** Every activation setting with every cache setting, in one spelling, each once. */
function expandSettings({ activations, kvCaches }: SweepConfig, names: FormatNames): Setting[] {
  const canonical = (id: string): string | null => {
    if (id === BASELINE) return null;
    const fixed = staticSetting(id);
    if (fixed) return staticId(names.canonical(fixed.format), fixed.range);
    return id === SAME ? id : names.canonical(names.isElement(id) ? `${id}@row` : id);
  };
  const unique = (ids: readonly string[]) => [...new Set(ids.map(canonical))];
  return unique(activations).flatMap((activation) =>
    unique(kvCaches).map((kv) => ({ ...(activation === null ? {} : { activation }), ...(kv === null ? {} : { kv }) })),
  );
}

/** Whether a setting says something, and of more than the weights' format: weights at full precision can run in it. */
function isWithoutWeights({ activation, kv }: Setting): boolean {
  return activation !== SAME && kv !== SAME && (activation ?? kv) !== undefined;
}

/** Whether a trial or row is of the unquantized model. */
export function isBaseline({ format, activation, kv }: Pick<TrialSpec, "format" | "activation" | "kv">): boolean {
  return format === BASELINE && activation === undefined && kv === undefined;
}

/** Canonical ids of all formats of a config, each once, in the order asked for. */
function expandFormats({ formats, groups }: SweepConfig, names: FormatNames): string[] {
  const ids = formats
    .filter((id) => id !== BASELINE)
    .flatMap((id) =>
      names.isElement(id) ? groups.map((group) => `${id}@${typeof group === "number" ? `g${group}` : group}`) : [id],
    );
  return [...new Set(ids.map((id) => names.canonical(id)))];
}

/** The trial a trial is compared with: same task, context, windows and seed, unquantized. Null for the baseline itself. */
export function baselineOf(spec: TrialSpec, plan: readonly TrialSpec[]): TrialSpec | null {
  if (isBaseline(spec)) return null;
  const found = plan.find((other) => isBaseline(other) && other.task === spec.task && other.model === spec.model);
  if (!found) throw new Error(`plan: ${spec.format} on ${spec.task} has no baseline`);
  return found;
}
