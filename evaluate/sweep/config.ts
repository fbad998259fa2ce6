import { UserError } from "../../formats/error.ts";
import { didYouMean } from "./didYouMean.ts";
import { described, type Field, fail, type JsonSchema, list, oneOf, orNull, some, text, wholeFrom } from "./fields.ts";
import { FILTER_FIELDS, type Filter } from "./filter.ts";
import { presetConfig, presetNames, presets } from "./presets.ts";
import { type Head, heads } from "./scope.ts";

/** How many numbers share a scale along the input dimension. */
export type Group = number | "row" | "tensor";

/**
 * What a sweep file says, every field optional there: models × formats × groups × methods × activations × caches × heads ×
 * tasks × seeds, and which of these trials to leave out.
 */
export interface SweepConfig {
  /** Directories, .gguf files, Hub ids, or "reference". */
  models: string[];
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
  /**
   * What becomes of the head beside the linear layers of the blocks: "fp" (it stays), "quant" (rounded, with the embeddings
   * where these are tied to it) or "untie" (a tied one becomes a matrix of its own, and that is rounded). Each is a frontier
   * of its own.
   */
  heads: Head[];
  /** `perplexity:FILE`; "perplexity:reference" is the embedded held-out text. */
  tasks: string[];
  /** Of methods that draw random numbers; others run once, with the first. */
  seeds: number[];
  /** Only trials that match one of these; all, where the list is empty. */
  include: Filter[];
  /** No trial that matches one of these. */
  exclude: Filter[];
  /** Window length in tokens; null is the model's maximum. */
  context: number | null;
  /** Score only so many windows, evenly spaced over the text; null scores all. */
  limitWindows: number | null;
  /** Text on which methods calibrate; null is the embedded model's own ("reference"), and none for other models. */
  calibration: string | null;
  /** At most so many windows of it, evenly spaced. */
  calibrationWindows: number;
}

/** A sweep file is a page of text; anything larger is another file given by mistake. */
export const CONFIG_BYTES_MAX = 1024 * 1024;

/** Groups are vectors of a few dozen to a few thousand; 2^20 is past the widest layer of any released model. */
export const GROUP_MAX = 1 << 20;

const size = wholeFrom(1, GROUP_MAX);
const group: Field<Group> = {
  check(value, where) {
    if (value === "row" || value === "tensor") return value;
    return typeof value === "string" ? fail(where, 'a number, "row" or "tensor"', value) : size.check(value, where);
  },
  schema: { anyOf: [{ enum: ["row", "tensor"] }, size.schema] },
};
const filters = list(some(FILTER_FIELDS, text), 0);
const running = (what: string) =>
  described(
    list(text),
    `What ${what} are rounded to as the model runs: "fp32" (not), a format (an element by itself is per token), or "same" as the weights.`,
    [["fp32"], ["same"], ["int8"]],
  );

/** One line a field: its check, its schema and nothing else, so that the names exist once. */
const FIELDS: { [K in keyof SweepConfig]: Field<SweepConfig[K]> } = {
  models: described(list(text), 'Folders, .gguf files, Hub ids (org/name), or "reference".', [["reference"]]),
  formats: described(
    list(text),
    "Elements (sf4), crossed with the groups, or formats that state their block (sf4@g64, mxfp4).",
    [
      ["sf4", "nf4", "int4", "e2m1"],
      ["mxfp4", "nvfp4"],
    ],
  ),
  groups: described(list(group), "How many weights along the input dimension share a scale.", [[32, 128], ["row"]]),
  methods: described(list(text), "How weights are rounded: parts joined by +.", [
    ["rtn"],
    ["rtn", "clip", "gptq", "awq+clip+gptq"],
  ]),
  activations: running("the inputs of linear layers"),
  kvCaches: running("keys and values"),
  heads: described(
    list(oneOf(...heads)),
    "What becomes of the head: fp (stays), quant (rounded, with embeddings tied to it), untie (rounded apart from them).",
    [["fp", "quant", "untie"]],
  ),
  tasks: described(list(text), "What is measured: TASK:FILE, or perplexity:reference.", [["perplexity:reference"]]),
  seeds: described(
    list(wholeFrom(0, 2 ** 32 - 1)),
    "Of methods that draw random numbers; others run once, with the first.",
  ),
  include: described(filters, "Only trials that match one of these; * stands for any characters, ? for one.", [
    [{ format: "*4@g128" }],
  ]),
  exclude: described(filters, "No trial that matches one of these.", [[{ format: "int8*", method: "*gptq*" }]]),
  context: described(orNull(wholeFrom(2, 1 << 24)), "Tokens of a window; null is the model's maximum."),
  limitWindows: described(
    orNull(wholeFrom(1)),
    "Score only so many windows or examples, evenly spaced; null scores all.",
  ),
  calibration: described(
    orNull(text),
    "Text on which methods calibrate, not the one evaluated; null is the embedded model's own.",
  ),
  calibrationWindows: described(wholeFrom(1, 1 << 20), "At most so many windows of it, evenly spaced."),
};

const NAMES = Object.keys(FIELDS) as (keyof SweepConfig)[];

/** Fields of a file that are no part of the config. */
const ASIDE: Readonly<Record<string, Field<string>>> = {
  $schema: text,
  preset: described(oneOf(...presetNames), presetNames.map((name) => `${name}: ${presets[name].summary}`).join(". ")),
};

/**
 * Checks a parsed sweep file; absent fields come from the file's `preset` where it names one, else from `defaults`.
 * Duplicates in lists are dropped. Throws UserError naming `source`, the field (`formats[2]`) and what was expected; an
 * unknown field names the nearest.
 */
export function validateConfig(value: unknown, defaults: SweepConfig, source = "sweep config"): SweepConfig {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return fail(source, "an object { … }", value);
  const known = [...Object.keys(ASIDE), ...NAMES];
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw new UserError(`${source}: unknown field "${key}"${didYouMean(key, known)}; known are ${NAMES.join(", ")}`);
  }
  const given = value as Record<string, unknown>;
  const has = (name: string) => Object.hasOwn(given, name);
  for (const [name, { check }] of Object.entries(ASIDE)) if (has(name)) check(given[name], `${source}: ${name}`);
  const base = has("preset") ? presetConfig(given.preset as string) : defaults;
  const checked = NAMES.map((name) => [
    name,
    has(name) ? FIELDS[name].check(given[name], `${source}: ${name}`) : base[name],
  ]);
  return Object.fromEntries(checked) as SweepConfig;
}

/** The JSON Schema (draft 7) of a sweep file: what `validateConfig` takes. */
export function sweepSchema(): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries({ ...ASIDE, ...FIELDS }).map(([name, { schema }]) => [name, schema]),
  );
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "bitfrontier sweep",
    description:
      "models × formats × groups × methods × activations × caches × heads × tasks × seeds; absent fields take the defaults",
    type: "object",
    properties,
    additionalProperties: false,
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
