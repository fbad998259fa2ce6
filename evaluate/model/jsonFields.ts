import { UserError } from "../../formats/error.ts";
import { readTextFile } from "./readAt.ts";
import { parseStrictJson, type StrictJson, type StrictJsonObject } from "./strictJson.ts";

/** A JSON object of a file, with typed access to its fields; every refusal is a UserError naming the file and the field. */
export interface JsonFields {
  readonly path: string;
  has(key: string): boolean;
  /** An integer in [min, max]; `fallback` when the field is absent or null, an error when there is no fallback either. */
  integer(key: string, min: number, max: number, fallback?: number): number;
  /** A finite number in [min, max]. */
  number(key: string, min: number, max: number, fallback?: number): number;
  boolean(key: string, fallback: boolean): boolean;
  /** A string, or null when the field is absent or null. */
  text(key: string): string | null;
  /** The raw value; undefined when absent. */
  raw(key: string): StrictJson | undefined;
  /** A nested object, or null when the field is absent or null. */
  object(key: string): JsonFields | null;
}

/**
 * Reads a strict JSON file that holds one object.
 * @param maxBytes refuses longer files before reading them
 */
export function readJsonFields(path: string, maxBytes: number): JsonFields {
  return jsonFieldsOf(readTextFile(path, maxBytes), path);
}

/** The same for a text that is in memory; `path` is what errors call it. */
export function jsonFieldsOf(text: string, path: string): JsonFields {
  let value: StrictJson;
  try {
    value = parseStrictJson(text);
  } catch (error) {
    throw error instanceof SyntaxError ? new UserError(`${path} is not valid JSON: ${error.message}`) : error;
  }
  if (!(value instanceof Map)) throw new UserError(`${path} does not hold a JSON object`);
  return fieldsOf(path, "", value);
}

function fieldsOf(path: string, prefix: string, object: StrictJsonObject): JsonFields {
  const refuse = (key: string, expected: string): never => {
    const found = object.has(key) ? describe(object.get(key)) : "nothing";
    throw new UserError(`${path}: ${prefix}${key} must be ${expected}, found ${found}`);
  };
  const number: JsonFields["number"] = (key, min, max, fallback) => {
    const value = object.get(key) ?? fallback;
    const asNumber = typeof value === "bigint" ? Number(value) : value;
    if (typeof asNumber !== "number" || !(asNumber >= min && asNumber <= max)) {
      return refuse(key, `a number from ${min} to ${max}`);
    }
    return asNumber;
  };
  return {
    path,
    has: (key) => object.has(key),
    raw: (key) => object.get(key),
    number,
    integer(key, min, max, fallback) {
      const value = object.get(key) ?? fallback;
      const asNumber = typeof value === "bigint" ? Number(value) : value;
      if (typeof asNumber !== "number" || !Number.isInteger(asNumber) || asNumber < min || asNumber > max) {
        return refuse(key, `an integer from ${min} to ${max}`);
      }
      return asNumber;
    },
    boolean(key, fallback) {
      const value = object.get(key) ?? fallback;
      return typeof value === "boolean" ? value : refuse(key, "true or false");
    },
    text(key) {
      const value = object.get(key) ?? null;
      return value === null || typeof value === "string" ? value : refuse(key, "text");
    },
    object(key) {
      const value = object.get(key) ?? null;
      if (value === null) return null;
      return value instanceof Map ? fieldsOf(path, `${prefix}${key}.`, value) : refuse(key, "an object");
    },
  };
}

/** A value in a few characters, for an error message. */
export function describe(value: StrictJson | undefined): string {
  if (value instanceof Map) return "an object";
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
