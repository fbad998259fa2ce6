import { createHash } from "node:crypto";

/**
 * Version of everything in this code that can change a number in a row (rounding, graph, cutting, statistics).
 * Raise it with such a change: rows of older versions are then run again instead of being mixed with new ones.
 */
export const RESULT_VERSION = 9;

/** The unquantized model: the trial that every other is compared with. */
export const BASELINE = "fp32";

/** The files behind a trial, by content: what the paths held, not what they are called. */
export interface TrialFacts {
  modelSha256: string;
  /** Of the model's configuration: a changed rope base is another model on the same weights. */
  configSha256: string;
  tokenizerSha256: string;
  textSha256: string;
  /** What `activation` and `kv` stand for, by content; absent at full precision. */
  running?: unknown;
  /** Where it is computed; other providers than the CPU round differently. The CPU when absent. */
  device?: string;
}

/** What a trial is; plain JSON. */
export interface TrialSpec {
  model: string;
  /** Format id (`sf4@g128`), or "fp32": no quantization. */
  format: string;
  /** "same" or a format id that layers' inputs, and keys and values, are rounded to; absent at full precision. */
  activation?: string;
  kv?: string;
  method: string;
  methodOptions: Record<string, unknown>;
  /** Which tensors are quantized: see `scopes`. */
  scope: string;
  task: string;
  /** Window length in tokens. Null (the model's maximum) has to be resolved before a key can be made. */
  context: number | null;
  limitWindows: number | null;
  seed: number;
}

/**
 * JSON with sorted keys and no spaces, one text for one value (in the manner of RFC 8785). Typed arrays are written
 * as arrays. Throws for what JSON would drop or change without a word: NaN, infinities, undefined, functions.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON: ${value} has no JSON form`);
    return Object.is(value, -0) ? "-0" : JSON.stringify(value);
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return canonicalJson(Array.from(value as unknown as ArrayLike<number>));
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object") {
    const parts = Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => `${JSON.stringify(name)}:${canonicalJson(part)}`);
    return `{${parts.join(",")}}`;
  }
  throw new TypeError(`canonical JSON: a ${typeof value} has no JSON form`);
}

/** SHA-256 (64 hex digits) of the canonical JSON of a value. */
export function contentHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/**
 * The key of a trial: 64 hex digits that change with anything that determines its result and with nothing else.
 * `formatContent` is what the format *is* (values, scale rule, block), so an edited codebook is another trial although
 * its id stays, and an alias is the same trial; null for "fp32". Paths and names are left out, file contents are in.
 */
export function trialKey(spec: TrialSpec, facts: TrialFacts, formatContent: unknown): string {
  if (spec.context === null) throw new TypeError("trialKey: the context must be resolved first");
  if ((spec.format === BASELINE) !== (formatContent === null))
    throw new TypeError(`trialKey: format ${spec.format} and its content do not fit`);
  return contentHash({
    resultVersion: RESULT_VERSION,
    ...(facts.device === undefined || facts.device === "cpu" ? {} : { device: facts.device }),
    modelSha256: facts.modelSha256,
    configSha256: facts.configSha256,
    tokenizerSha256: facts.tokenizerSha256,
    textSha256: facts.textSha256,
    format: formatContent,
    activation: spec.activation,
    kv: spec.kv,
    running: facts.running,
    method: spec.method,
    methodOptions: spec.methodOptions,
    scope: spec.scope,
    // The file's name is a label; its content is in textSha256.
    task: spec.task.split(":")[0],
    context: spec.context,
    limitWindows: spec.limitWindows,
    seed: spec.seed,
  });
}
