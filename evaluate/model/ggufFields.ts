import { UserError } from "../../formats/error.ts";
import type { GgufScalar, GgufValue } from "./ggufHeader.ts";

/** Typed access to the metadata of a GGUF file; every refusal is a UserError naming the file and the key. */
export interface GgufFields {
  has(key: string): boolean;
  /** A number; null when the key is absent. */
  number(key: string): number | null;
  /** A non-negative integer; null when the key is absent. */
  count(key: string): number | null;
  boolean(key: string): boolean | null;
  text(key: string): string | null;
  texts(key: string): readonly string[] | null;
  numbers(key: string): readonly number[] | null;
  /** The value of a key the model cannot do without. */
  required<T>(key: string, read: (key: string) => T | null): T;
  keys(): string[];
}

export function ggufFields(path: string, metadata: ReadonlyMap<string, GgufValue>): GgufFields {
  const get = <T>(key: string, what: string, is: (value: GgufValue) => boolean): T | null => {
    const value = metadata.get(key);
    if (value === undefined) return null;
    if (!is(value)) throw new UserError(`${path}: metadata ${key} must be ${what}, found ${shown(value)}`);
    return value as T;
  };
  const list = (type: string) => (value: GgufValue) => isList(value) && value.every((item) => typeof item === type);
  return {
    has: (key) => metadata.has(key),
    number: (key) => get(key, "a number", (value) => Number.isFinite(value)),
    count: (key) => get(key, "a non-negative integer", (value) => Number.isSafeInteger(value) && Number(value) >= 0),
    boolean: (key) => get(key, "true or false", (value) => typeof value === "boolean"),
    text: (key) => get(key, "text", (value) => typeof value === "string"),
    texts: (key) => get(key, "a list of texts", list("string")),
    numbers: (key) => get(key, "a list of numbers", list("number")),
    required(key, read) {
      const value = read(key);
      if (value === null) throw new UserError(`${path}: metadata ${key} is missing`);
      return value;
    },
    keys: () => [...metadata.keys()],
  };
}

function isList(value: GgufValue): value is readonly GgufScalar[] {
  return Array.isArray(value);
}

function shown(value: GgufValue): string {
  if (isList(value)) return `a list of ${value.length}`;
  return typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : String(value);
}
