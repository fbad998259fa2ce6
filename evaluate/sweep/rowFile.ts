import { readFileSync, statSync } from "node:fs";
import { UserError } from "../../formats/error.ts";
import { isSystemError, systemReason } from "../storage/files.ts";
import type { Row } from "../trial/row.ts";
import { isRow } from "./journalLines.ts";

/** The largest rows are those of models with thousands of layers and tasks with ten thousands of examples: some megabytes. */
const ROW_BYTES_MAX = 64 * 1024 * 1024;

/** Reads one row from a JSON file: a line of a journal, or a row of `eval --json`. Throws UserError naming the file. */
export function readRowFile(path: string): Row {
  let value: unknown;
  try {
    const { size } = statSync(path);
    if (size > ROW_BYTES_MAX) throw new UserError(`${path}: ${size} bytes; one row has at most ${ROW_BYTES_MAX}`);
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (isSystemError(error)) throw new UserError(`cannot read ${path}: ${systemReason(error)}`);
    if (error instanceof SyntaxError) throw new UserError(`${path}: not one JSON value: ${error.message}`);
    throw error;
  }
  if (Array.isArray(value)) throw new UserError(`${path}: a list of ${value.length}; expected one row`);
  if (typeof value !== "object" || value === null || !isRow({ ...value }))
    throw new UserError(`${path}: expected a row, an object with key and format`);
  const { checksum: _, ...row } = value as unknown as Row & { checksum?: unknown };
  if (typeof row.config !== "object" || row.config === null)
    throw new UserError(`${path}: config: expected an object that says what was run`);
  return row;
}
