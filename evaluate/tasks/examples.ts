import { UserError } from "../../formats/error.ts";
import { type DataFile, entriesOf } from "./dataFile.ts";

/** One object of a data set with its place, for errors. */
export interface Example {
  fields: Record<string, unknown>;
  /** "FILE line 12" or "FILE row 12" */
  where: string;
}

/** The largest data set of the common tasks (HellaSwag) has 10 042 examples; a million is another file given by mistake. */
export const EXAMPLES_MAX = 1_000_000;

/** The examples of a file; `limit` keeps only so many, evenly spaced. Throws UserError naming the line. */
export function readExamples(
  data: DataFile,
  source: string,
  limit: number | null,
): { examples: Example[]; available: number } {
  if (limit !== null && (!Number.isInteger(limit) || limit < 1))
    throw new UserError(`limit of examples: expected a whole number from 1, got ${limit}`);
  const entries = entriesOf(data, source);
  const available = entries.length;
  if (available === 0) throw new UserError(`${source}: no examples`);
  const count = Math.min(limit ?? available, available);
  const examples = Array.from({ length: count }, (_, i) => entries[Math.floor((i * available) / count)]!());
  return { examples, available };
}

/** The text in a field. Throws UserError naming line and field. */
export function textOf({ fields, where }: Example, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || value.trim() === "") throw new UserError(`${where}: "${name}" must be a text`);
  return value;
}

/** Whether an example has all of these fields. */
export function hasFields({ fields }: Example, ...names: string[]): boolean {
  return names.every((name) => Object.hasOwn(fields, name));
}

/** Names what an example should have had. */
export function unknownFields({ fields, where }: Example, expected: string): UserError {
  const given = Object.keys(fields).slice(0, 8).join(", ") || "none";
  return new UserError(`${where}: expected the fields ${expected}; it has ${given.slice(0, 120)}`);
}
