import { type Format, parseFormat, UserError } from "../../formats/index.ts";
import { methodById } from "../methods/index.ts";
import { requireStatic } from "../methods/inputRounding.ts";
import { type RunningFormats, requireRunnable } from "../model/architectures/runningFormats.ts";
import { BASELINE, headOf, SAME, scopes, staticSetting, type TrialSpec, tokenSetting } from "../sweep/index.ts";

/** What a trial rounds activations and cache to. Throws UserError for formats that cannot be found as a model runs. */
export function runningFormatsOf({
  format,
  activation,
  kv,
  method,
  scope = scopes.fp,
}: Pick<TrialSpec, "format" | "activation" | "kv" | "method"> & { scope?: string }): RunningFormats {
  const token = kv === undefined ? null : tokenSetting(kv);
  const fixed = activation === undefined ? null : staticSetting(activation);
  const chosen = format === BASELINE ? null : methodById(method);
  const formatOf = (setting: string | undefined): Format | null => {
    if (setting === undefined) return null;
    const found = parseFormat(setting === SAME ? format : setting);
    requireRunnable(found);
    return found;
  };
  const activations = fixed ? parseFormat(fixed.format) : formatOf(activation);
  if (fixed) requireStatic(activations!);
  if (fixed && format === BASELINE)
    throw new UserError(
      `activations ${activation}: static ranges are found as weights are quantized; give a format of them`,
    );
  const turnsCache = kv !== undefined && chosen?.turnsCache === true;
  if (turnsCache && token !== null)
    throw new UserError(`KV cache ${kv}: method ${method} turns each head by itself; take ${token}`);
  return {
    activation: activations,
    range: fixed?.range ?? (activations && chosen?.learnsRanges ? "learned" : null),
    cache: formatOf(token ?? kv),
    together: token !== null,
    turnsCache,
    rotates: activations !== null && chosen?.rotates === true,
    head: activations !== null && headOf(scope) !== "fp",
  };
}
