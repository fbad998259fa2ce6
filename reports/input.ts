import type { Row, TensorProfile } from "../evaluate/trial/row.ts";
import { UserError } from "../formats/error.ts";
import { plain } from "./escape.ts";

/** A codebook as a number line draws it: what a report needs of an `Element` of formats/, which can be given as it is. */
export interface Codebook {
  id: string;
  label: string;
  family: string;
  /** Bits of a stored code; without it, as many as the values need. */
  bits?: number;
  values: readonly number[];
}

/** Everything a report is made from. The same input gives the same bytes. */
export interface ReportInput {
  rows: Row[];
  profiles: TensorProfile[];
  codebooks: readonly Codebook[];
  /** The command line that made the rows. */
  command: string;
  /** ISO 8601 time. */
  createdAt: string;
  versions: Record<string, string>;
  config: Record<string, unknown>;
}

const texts = ["key", "model", "modelSha256", "format", "element", "family", "method", "scope", "task", "protocol"];
const numbers = ["seed", "tokens", "windows", "bitsPerWeight", "weightMse"];
const numbersOrNull = ["perplexity", "perplexitySigma", "deltaLoss", "deltaLossSigma"];
const costTexts = ["weight", "activation", "node", "variant", "provenance", "source"];
const costNumbers = ["terms", "accumulatorBits", "areaGe", "multiplierGe", "accumulatorGe", "areaUm2"];
const costNumbersOrNull = ["delayPs", "energyFj", "relativeError"];

/**
 * Checks rows that came from a file: text is text, numbers are finite or an explicit null, keys are unique.
 * Later modules rely on it and do not check again.
 * @throws UserError naming the row and the field.
 */
export function checkRows(rows: readonly Row[]): void {
  const keys = new Set<string>();
  rows.forEach((row, index) => {
    if (!isRecord(row)) throw new UserError(`row ${index}: expected an object`);
    const name = `row ${index} (${plain(String(row.format))}, key ${plain(String(row.key))})`;
    for (const field of texts) requireText(row, field, name);
    for (const field of ["activation", "kv"]) if (row[field as keyof Row] !== undefined) requireText(row, field, name);
    for (const field of numbers) requireNumber(row, field, name, false);
    for (const field of numbersOrNull) requireNumber(row, field, name, true);
    if (row.modelBitsPerWeight !== undefined) requireNumber(row, "modelBitsPerWeight", name, false);
    if (row.group !== null && !["number", "string"].includes(typeof row.group))
      throw new UserError(`${name}: group must be a number, "row", "tensor" or null`);
    requireArray(row, "windowLoss", name, (value) => typeof value === "number" && Number.isFinite(value));
    requireArray(row, "warnings", name, (value) => typeof value === "string");
    requireArray(row, "layers", name, isLayer);
    const { cost, versions, metrics } = row as { cost: unknown; versions: unknown; metrics?: unknown };
    if (metrics !== undefined) {
      if (!isRecord(metrics)) throw new UserError(`${name}: metrics must be an object`);
      for (const [figure, metric] of Object.entries(metrics)) {
        const where = `${name}: metrics: ${figure}`;
        if (!isRecord(metric)) throw new UserError(`${where} must be an object`);
        for (const field of ["value", "sigma"]) requireNumber(metric, field, where, true);
        for (const field of ["delta", "deltaSigma"])
          if (metric[field] !== undefined) requireNumber(metric, field, where, true);
      }
    }
    if (!isRecord(versions)) throw new UserError(`${name}: versions must be an object`);
    for (const field of ["config", "timing"])
      if (!isRecord(row[field as keyof Row])) throw new UserError(`${name}: ${field} must be an object`);
    requireCost(cost, `${name}: cost`);
    if (row.synthesizedCost !== undefined) requireCost(row.synthesizedCost, `${name}: synthesizedCost`);
    const key = row.key as string;
    if (keys.has(key)) throw new UserError(`${name}: the key appears twice; one trial gives one row`);
    keys.add(key);
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function requireCost(cost: unknown, name: string): void {
  if (cost === null) return;
  if (!isRecord(cost)) throw new UserError(`${name} must be an object or null`);
  for (const field of costTexts) requireText(cost, field, name);
  for (const field of costNumbers) requireNumber(cost, field, name, false);
  for (const field of costNumbersOrNull) requireNumber(cost, field, name, true);
}

function isLayer(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.name === "string" &&
    Array.isArray(value.shape) &&
    value.shape.every(Number.isFinite) &&
    Number.isFinite(value.relativeMse) &&
    Number.isFinite(value.zeroGroups)
  );
}

function requireText(record: Record<string, unknown>, field: string, name: string): void {
  if (typeof record[field] !== "string") throw new UserError(`${name}: ${field} must be text`);
}

function requireNumber(record: Record<string, unknown>, field: string, name: string, nullable: boolean): void {
  const value = record[field];
  if (nullable && value === null) return;
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new UserError(`${name}: ${field} must be a finite number${nullable ? " or null" : ""}, found ${value}`);
}

function requireArray(
  record: Record<string, unknown>,
  field: string,
  name: string,
  check: (value: unknown) => boolean,
): void {
  const value = record[field];
  if (!Array.isArray(value) || !value.every(check))
    throw new UserError(`${name}: ${field} must be a list of well-formed entries`);
}
