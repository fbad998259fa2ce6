import type { Row } from "../evaluate/trial/row.ts";
import { UserError } from "../formats/error.ts";
import { checkRows } from "./input.ts";

const magic = "ARROW1";
/** Columns of `rowsToArrow` that hold JSON. */
const json = ["warnings", "versions", "config", "metrics", "layers"];
/** A MAC's columns, and what the row's `cost` calls them. */
const cost: Record<string, string> = {
  macWeight: "weight",
  macActivation: "activation",
  terms: "terms",
  accumulatorBits: "accumulatorBits",
  areaGe: "areaGe",
  multiplierGe: "multiplierGe",
  accumulatorGe: "accumulatorGe",
  areaUm2: "areaUm2",
  node: "node",
  delayPs: "delayPs",
  energyFj: "energyFj",
  variant: "variant",
  costProvenance: "provenance",
  costSource: "source",
  costRelativeError: "relativeError",
};
/** Fields that a row leaves out where they say nothing. */
const optional = ["modelBitsPerWeight", "reason", "activation", "kv"];
const timing = ["startedAt", "quantizeMs", "evaluateMs"];

/**
 * The rows of a results.arrow (`rowsToArrow`), but for the synthesized costs beside the modelled ones, which it does not hold.
 * @throws UserError for other bytes.
 */
export async function rowsFromArrow(bytes: Uint8Array): Promise<Row[]> {
  // apache-arrow reads bytes that are no Arrow file as an empty table.
  if (new TextDecoder().decode(bytes.subarray(0, magic.length)) !== magic)
    throw new UserError(`results.arrow: not an Arrow file: it does not begin with ${magic}`);
  const { tableFromIPC } = await import("apache-arrow");
  let records: Record<string, unknown>[];
  try {
    records = tableFromIPC(bytes)
      .toArray()
      .map((row) => (row as { toJSON(): Record<string, unknown> }).toJSON());
  } catch (error) {
    throw new UserError(`results.arrow: not an Arrow file (${(error as Error).message})`);
  }
  const rows = records.map(rowOf);
  checkRows(rows);
  return rows;
}

function rowOf(record: Record<string, unknown>, index: number): Row {
  const row: Record<string, unknown> = { cost: null, timing: {} };
  for (const [name, value] of Object.entries(record)) {
    if (name === "synthesizedAreaGe") continue;
    if (Object.hasOwn(cost, name)) {
      if (record.macWeight !== null) row.cost = { ...(row.cost as object), [cost[name]!]: value };
    } else if (timing.includes(name)) row.timing = { ...(row.timing as object), [name]: value };
    else if (json.includes(name)) {
      if (value !== null) row[name] = parsed(String(value), index, name);
    } else if (name === "windowLoss") row[name] = [...(value as Iterable<number>)];
    else if (name === "group") row[name] = value !== null && /^\d+$/.test(String(value)) ? Number(value) : value;
    else if (value !== null || !optional.includes(name)) row[name] = value;
  }
  return row as unknown as Row;
}

function parsed(text: string, index: number, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`results.arrow: row ${index}: ${name} is not JSON`);
  }
}
