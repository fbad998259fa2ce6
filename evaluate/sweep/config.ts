import { UserError } from "../../formats/error.ts";
import { didYouMean } from "./didYouMean.ts";

/** How many numbers share a scale along the input dimension. */
export type Group = number | "row" | "tensor";

/** What a sweep file says: models × formats × groups × methods × tasks, every field optional there. */
export interface SweepConfig {
  /** Directory, Hub id, or "reference". */
  model: string;
  /** Element ids (`sf4`), crossed with `groups`; an id that states its block (`sf4@g64`, `mxfp4`) is taken as it is. */
  formats: string[];
  groups: Group[];
  methods: string[];
  /**
   * What the inputs of linear layers are rounded to as the model runs: "fp32" (not at all), a format (an element by itself
   * is per token), or "same", the weights' own format, which is the paper's W4A4. Each is a frontier of its own.
   */
  activations: string[];
  /** The same for keys and values, each head of each token by itself. */
  kvCaches: string[];
  /** `perplexity:FILE`; "perplexity:reference" is the embedded held-out text. */
  tasks: string[];
  /** Window length in tokens; null is the model's maximum. */
  context: number | null;
  /** Score only so many windows, evenly spaced over the text; null scores all. */
  limitWindows: number | null;
  /** Which tensors: "linears" = every linear layer of the blocks. */
  scope: "linears";
  /** Text on which methods calibrate; null is the embedded model's own ("reference"), and none for other models. */
  calibration: string | null;
  /** At most so many windows of it, evenly spaced. */
  calibrationWindows: number;
  seed: number;
}

/** A sweep file is a page of text; anything larger is another file given by mistake. */
export const CONFIG_BYTES_MAX = 1024 * 1024;

/** Groups are vectors of a few dozen to a few thousand; 2^20 is past the widest layer of any released model. */
export const GROUP_MAX = 1 << 20;

/** Lists are crossed: this keeps a typing error from asking for millions of trials. */
const LIST_MAX = 1000;

type Check<T> = (value: unknown, where: string) => T;

const fail = (where: string, expected: string, value: unknown): never => {
  const shown = value === undefined ? "nothing" : JSON.stringify(value)?.slice(0, 60);
  throw new UserError(`${where}: expected ${expected}, got ${shown}`);
};

const text: Check<string> = (value, where) =>
  typeof value === "string" && value.trim() !== "" ? value : fail(where, "a text", value);

const wholeFrom =
  (low: number, high = Number.MAX_SAFE_INTEGER): Check<number> =>
  (value, where) =>
    Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high
      ? (value as number)
      : fail(where, `a whole number from ${low}${high === Number.MAX_SAFE_INTEGER ? "" : ` to ${high}`}`, value);

const orNull =
  <T>(check: Check<T>): Check<T | null> =>
  (value, where) =>
    value === null ? null : check(value, where);

const group: Check<Group> = (value, where) => {
  if (value === "row" || value === "tensor") return value;
  if (typeof value === "string") return fail(where, 'a number, "row" or "tensor"', value);
  return wholeFrom(1, GROUP_MAX)(value, where);
};

const oneOf =
  <T extends string>(...allowed: T[]): Check<T> =>
  (value, where) =>
    allowed.find((word) => word === value) ?? fail(where, allowed.map((word) => `"${word}"`).join(" or "), value);

const list =
  <T>(check: Check<T>): Check<T[]> =>
  (value, where) => {
    if (!Array.isArray(value) || value.length === 0 || value.length > LIST_MAX)
      return fail(where, `a list of 1 to ${LIST_MAX}`, value);
    return [...new Set(value.map((item, i) => check(item, `${where}[${i}]`)))];
  };

/** One line a field: its check and nothing else, so that the names exist once. */
const FIELDS: { [K in keyof SweepConfig]: Check<SweepConfig[K]> } = {
  model: text,
  formats: list(text),
  groups: list(group),
  methods: list(text),
  activations: list(text),
  kvCaches: list(text),
  tasks: list(text),
  context: orNull(wholeFrom(2, 1 << 24)),
  limitWindows: orNull(wholeFrom(1)),
  scope: oneOf("linears"),
  calibration: orNull(text),
  calibrationWindows: wholeFrom(1, 1 << 20),
  seed: wholeFrom(0, 2 ** 32 - 1),
};

/**
 * Checks a parsed sweep file; absent fields come from `defaults`. Duplicates in lists are dropped.
 * Throws UserError naming `source`, the field (`formats[2]`) and what was expected; an unknown field names the nearest.
 */
export function validateConfig(value: unknown, defaults: SweepConfig, source = "sweep config"): SweepConfig {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return fail(source, "an object { … }", value);
  const names = Object.keys(FIELDS);
  for (const key of Object.keys(value)) {
    if (key === "$schema" || names.includes(key)) continue;
    throw new UserError(`${source}: unknown field "${key}"${didYouMean(key, names)}; known are ${names.join(", ")}`);
  }
  const given = value as Partial<Record<keyof SweepConfig, unknown>>;
  const field = <K extends keyof SweepConfig>(name: K): SweepConfig[K] =>
    Object.hasOwn(given, name) ? FIELDS[name](given[name], `${source}: ${name}`) : defaults[name];
  return {
    model: field("model"),
    formats: field("formats"),
    groups: field("groups"),
    methods: field("methods"),
    activations: field("activations"),
    kvCaches: field("kvCaches"),
    tasks: field("tasks"),
    context: field("context"),
    limitWindows: field("limitWindows"),
    scope: field("scope"),
    calibration: field("calibration"),
    calibrationWindows: field("calibrationWindows"),
    seed: field("seed"),
  };
}

/** Parses the bytes of a sweep file and checks them. Throws UserError naming the file. */
export function parseConfig(bytes: Uint8Array, defaults: SweepConfig, source: string): SweepConfig {
  if (bytes.length > CONFIG_BYTES_MAX)
    throw new UserError(`${source}: ${bytes.length} bytes, a sweep file has at most ${CONFIG_BYTES_MAX}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new UserError(`${source}: not valid JSON: ${(error as Error).message.replace(/\s+/g, " ")}`);
  }
  return validateConfig(value, defaults, source);
}
