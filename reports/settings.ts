import type { Row } from "../evaluate/trial/row.ts";
import type { MacCost } from "../hwmodel/cost.ts";

/**
 * What the MACs of these rows multiply the format's numbers with, in words: where every row has both operands in one
 * format, that; else the activations' format, also for the row whose own format it is.
 */
export function operandName(rows: readonly Row[]): (cost: MacCost) => string {
  const alike = rows.every(({ cost }) => cost === null || cost.activation === cost.weight);
  return (cost) => (alike ? "both operands in the format" : `${cost.activation} activations`);
}

const HEADS: Readonly<Record<string, string>> = {
  "linears+head": "head rounded",
  "linears+untied-head": "head untied and rounded",
};

/** What becomes of the head in a scope, in words; "" where it stays in full precision. */
export function headName(scope: string): string {
  return HEADS[scope] ?? "";
}

/**
 * What is rounded in a row's setting beside the linear layers of the blocks, as its rows share it: `head rounded, activations
 * int8@row, KV cache int4@row`; "" where nothing is.
 */
export function settingName({ activation, kv, scope }: Pick<Row, "activation" | "kv" | "scope">): string {
  const parts = [
    headName(scope),
    activation === undefined ? "" : activation === "same" ? "activations as the weights" : `activations ${activation}`,
    kv === undefined ? "" : kv === "same" ? "KV cache as the weights" : `KV cache ${kv}`,
  ];
  return parts.filter(Boolean).join(", ");
}
