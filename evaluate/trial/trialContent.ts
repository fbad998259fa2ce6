import type { Format } from "../../formats/index.ts";
import { methodById } from "../methods/index.ts";
import type { RunningFormats } from "../model/architectures/runningFormats.ts";
import { BASELINE, staticSetting, type TrialSpec } from "../sweep/index.ts";
import type { CalibrationText } from "./calibrationText.ts";

/**
 * What the weights meet in the multiplier where activations are not rounded: the cost then is that of a MAC with INT8
 * activations, not of one with both operands in the format as in the paper's Table 10.
 */
export const ACTIVATION = "int8";

function needOf({ format, method }: TrialSpec) {
  return format === BASELINE ? "none" : methodById(method).calibration;
}

function readsInputs({ format, method, activation }: TrialSpec): boolean {
  return format !== BASELINE && activation !== undefined && methodById(method).readsInputs;
}

/** Whether a trial needs the inputs of its layers on a text. */
export function calibrates(spec: TrialSpec): boolean {
  const need = needOf(spec);
  const fixed = spec.format !== BASELINE && staticSetting(spec.activation ?? "") !== null;
  return need === "inputs" || need === "drift" || fixed || readsInputs(spec);
}

/** Whether a trial learns from a text. */
export const trains = (spec: TrialSpec) => needOf(spec) === "text";

/** What of the calibration determines a result, for the trial's key. */
export function textKey(spec: TrialSpec, text: CalibrationText | null, lesson: CalibrationText | null) {
  const part = (used: CalibrationText) => ({ textSha256: used.textSha256, windows: used.count, context: used.context });
  if (text && calibrates(spec)) return { calibration: part(text) };
  return lesson && trains(spec) ? { training: part(lesson) } : {};
}

/** What a format is, for the trial's key: an edited codebook is another trial although its id stays. */
export function formatContent({ elements, selector, group, rule, store, tie, coder }: Format): object {
  const codebooks = elements.map(({ codes, bits }) => ({ codes, bits }));
  return { codebooks, selector, group, rule, store, tie, coder, activation: ACTIVATION };
}

/** What activations and cache are rounded to, for the trial's key; null at full precision. */
export function runningContent({ activation, range, cache, together }: RunningFormats): object | null {
  if (!activation && !cache) return null;
  return {
    ...{ activation: activation && formatContent(activation), range },
    ...{ cache: cache && formatContent(cache), ...(together ? { together } : {}) },
  };
}
