import type { Row } from "../evaluate/trial/row.ts";

/**
 * One source of costs for all rows: the synthesized figures where every row with a cost has one, else the model's for
 * all. Rows keep both; what a report reads is `cost`.
 */
export function oneCostSource(rows: readonly Row[]): Row[] {
  const synthesized = rows.every((row) => row.cost === null || row.synthesizedCost);
  return rows.map((row) => (synthesized && row.synthesizedCost ? { ...row, cost: row.synthesizedCost } : row));
}
