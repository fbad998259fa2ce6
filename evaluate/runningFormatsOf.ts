import { type Format, parseFormat } from "../formats/index.ts";
import { methodById } from "./methods/index.ts";
import { type RunningFormats, requireRunnable } from "./model/architectures/runningFormats.ts";
import { BASELINE, SAME, type TrialSpec } from "./sweep/index.ts";

/** What a trial rounds activations and cache to. Throws UserError for formats that cannot be found as a model runs. */
export function runningFormatsOf({ format, activation, kv, method }: TrialSpec): RunningFormats {
  const formatOf = (setting: string | undefined): Format | null => {
    if (setting === undefined) return null;
    const found = parseFormat(setting === SAME ? format : setting);
    requireRunnable(found);
    return found;
  };
  const activations = formatOf(activation);
  return {
    activation: activations,
    cache: formatOf(kv),
    rotates: activations !== null && format !== BASELINE && methodById(method).rotates,
  };
}
