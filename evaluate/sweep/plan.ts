import { UserError } from "../../formats/error.ts";
import type { SweepConfig } from "./config.ts";
import { matches } from "./filter.ts";
import { BASELINE, type TrialSpec } from "./key.ts";
import { staticId, staticSetting, tokenId, tokenSetting } from "./runningSettings.ts";
import { type Head, scopes } from "./scope.ts";

/** What planning needs to know of format ids, so that it stays free of codebooks. */
export interface FormatNames {
  /** Whether an id is a bare element (`sf4`), which needs a group; false for `sf4@g64`, `mxfp4` and unknown ids. */
  isElement(id: string): boolean;
  /** The one spelling of a format id. Throws UserError for an unknown one, naming the nearest. */
  canonical(id: string): string;
}

/** Whether a method draws random numbers, so that each seed is another trial. */
export type Draws = (method: string) => boolean;

/** More trials than this in one plan is a typing error, not a sweep: at one second each they run for a day. */
export const TRIALS_MAX = 100_000;

/**
 * The trials of a config in running order: for each model the full-precision baseline of every task first, then in every scope
 * and every setting of activations and cache every format with every method and seed (and the weights as they are, where the formats name
 * fp32), each on all tasks in turn, so that what is quantized for the first serves the others; less what the filters leave out. Elements are crossed with the groups, formats that state their block are taken
 * once; two spellings of one format are one trial; a method that draws nothing runs with the first seed alone.
 * Throws UserError for an unknown format, too many trials, or none.
 */
export function planTrials(config: SweepConfig, names: FormatNames, draws: Draws = () => false): TrialSpec[] {
  const { models, tasks, methods, seeds, heads, context, limitWindows } = config;
  const formats = expandFormats(config, names);
  const settings = expandSettings(config, names);
  const runs = methods.flatMap((method) =>
    (draws(method) ? seeds : seeds.slice(0, 1)).map((seed) => ({ method, seed })),
  );
  const each = heads.length * settings.length * formats.length * runs.length;
  const count = models.length * tasks.length * (1 + each);
  if (count > TRIALS_MAX) throw new UserError(`sweep: ${count} trials, more than ${TRIALS_MAX}; shorten a list`);
  const unquantized = { format: BASELINE, method: "none", seed: seeds[0]! };
  const specs = models.flatMap((model) => {
    const trials = (
      run: Pick<TrialSpec, "format" | "method" | "seed">,
      setting: Setting = {},
      head: Head = "fp",
    ): TrialSpec[] =>
      tasks.map((task) => ({
        model,
        format: run.format,
        ...setting,
        method: run.method,
        methodOptions: {},
        scope: scopes[head],
        task,
        context,
        limitWindows,
        seed: run.seed,
      }));
    return [
      ...trials(unquantized),
      ...heads.flatMap((head) =>
        settings.flatMap((setting) => [
          ...(config.formats.includes(BASELINE) && isWithoutWeights(setting, head)
            ? trials(unquantized, setting, head)
            : []),
          ...formats.flatMap((format) => runs.flatMap((run) => trials({ format, ...run }, setting, head))),
        ]),
      ),
    ];
  });
  return selectTrials(specs, config);
}

/** The trials that the filters leave, with the baselines they are compared with. Throws UserError when none is left. */
function selectTrials(specs: TrialSpec[], { include, exclude }: Pick<SweepConfig, "include" | "exclude">): TrialSpec[] {
  if (include.length === 0 && exclude.length === 0) return specs;
  const isIn = (filters: SweepConfig["include"], spec: TrialSpec) => filters.some((filter) => matches(filter, spec));
  const chosen = new Set(
    specs.filter((spec) => !isBaseline(spec) && (include.length === 0 || isIn(include, spec)) && !isIn(exclude, spec)),
  );
  if (chosen.size === 0) throw new UserError(`sweep: include and exclude leave none of ${specs.length} trials`);
  const all = specs.filter(isBaseline);
  const baselines = new Set([...chosen].map((spec) => baselineOf(spec, all)));
  return specs.filter((spec) => chosen.has(spec) || baselines.has(spec));
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
    const token = tokenSetting(id);
    if (token) return tokenId(names.canonical(token));
    return id === SAME ? id : names.canonical(names.isElement(id) ? `${id}@row` : id);
  };
  const unique = (ids: readonly string[]) => [...new Set(ids.map(canonical))];
  return unique(activations).flatMap((activation) =>
    unique(kvCaches).map((kv) => ({ ...(activation === null ? {} : { activation }), ...(kv === null ? {} : { kv }) })),
  );
}

/**
 * Whether a setting says something, and of more than the weights' format: weights at full precision can run in it; with the head
 * in scope where something is rounded of that.
 */
function isWithoutWeights({ activation, kv }: Setting, head: Head): boolean {
  return activation !== SAME && kv !== SAME && (activation ?? (head === "fp" ? kv : undefined)) !== undefined;
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

/** The trial a trial is compared with: same model and task, unquantized. Null for the baseline itself. */
export function baselineOf(spec: TrialSpec, plan: readonly TrialSpec[]): TrialSpec | null {
  if (isBaseline(spec)) return null;
  const found = plan.find((other) => isBaseline(other) && other.task === spec.task && other.model === spec.model);
  if (!found) throw new Error(`plan: ${spec.format} on ${spec.task} has no baseline`);
  return found;
}
