import { UserError } from "../../formats/error.ts";

/** A part of a JSON Schema (draft 2020-12). */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** One value of a file: how it is checked, and the same as a schema, so that editors and we agree. */
export interface Field<T> {
  /** Throws UserError naming `where` and what was expected. */
  check(value: unknown, where: string): T;
  schema: JsonSchema;
}

/** Lists are crossed: this keeps a typing error from asking for millions of trials. */
export const LIST_MAX = 1000;

export function fail(where: string, expected: string, value: unknown): never {
  const shown = value === undefined ? "nothing" : JSON.stringify(value)?.slice(0, 60);
  throw new UserError(`${where}: expected ${expected}, got ${shown}`);
}

export const text: Field<string> = {
  check: (value, where) => (typeof value === "string" && /\S/.test(value) ? value : fail(where, "a text", value)),
  schema: { type: "string", pattern: "\\S" },
};

export function wholeFrom(low: number, high = Number.MAX_SAFE_INTEGER): Field<number> {
  const bounds = `a whole number from ${low}${high === Number.MAX_SAFE_INTEGER ? "" : ` to ${high}`}`;
  return {
    check: (value, where) =>
      Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high
        ? (value as number)
        : fail(where, bounds, value),
    schema: { type: "integer", minimum: low, maximum: high },
  };
}

export function orNull<T>({ check, schema }: Field<T>): Field<T | null> {
  return {
    check: (value, where) => (value === null ? null : check(value, where)),
    schema: { anyOf: [schema, { type: "null" }] },
  };
}

export function oneOf<T extends string>(...allowed: readonly T[]): Field<T> {
  return {
    check: (value, where) =>
      allowed.find((word) => word === value) ?? fail(where, allowed.map((word) => `"${word}"`).join(" or "), value),
    schema: { enum: allowed },
  };
}

/** A list without its duplicates, of at least `least` items. */
export function list<T>(item: Field<T>, least = 1): Field<T[]> {
  return {
    check(value, where) {
      if (!Array.isArray(value) || value.length < least || value.length > LIST_MAX)
        return fail(where, `a list of ${least} to ${LIST_MAX}`, value);
      return [...new Set(value.map((each, i) => item.check(each, `${where}[${i}]`)))];
    },
    schema: { type: "array", items: item.schema, minItems: least, maxItems: LIST_MAX },
  };
}

/** An object with some of the named fields, at least one of them. */
export function some<K extends string, T>(names: readonly K[], each: Field<T>): Field<{ [name in K]?: T }> {
  return {
    check(value, where) {
      const expected = `an object of some of ${names.join(", ")}`;
      if (typeof value !== "object" || value === null || Array.isArray(value)) return fail(where, expected, value);
      const entries = Object.entries(value);
      if (entries.length === 0) return fail(where, expected, value);
      return Object.fromEntries(
        entries.map(([name, part]) => {
          if (!names.includes(name as K)) return fail(`${where}: ${name}`, expected, value);
          return [name, each.check(part, `${where}: ${name}`)];
        }),
      ) as { [name in K]?: T };
    },
    schema: {
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, each.schema])),
      additionalProperties: false,
      minProperties: 1,
    },
  };
}

/** The same with a line that editors show, and values that they offer. */
export function described<T>(
  { check, schema }: Field<T>,
  description: string,
  examples?: readonly unknown[],
): Field<T> {
  return { check, schema: { description, ...schema, ...(examples ? { examples } : {}) } };
}
