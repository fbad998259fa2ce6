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

/** What runs through the model in a row's setting, as its rows share it: `activations int8@row, KV cache int4@row`; "" at full precision. */
export function settingName({ activation, kv }: Pick<Row, "activation" | "kv">): string {
  const parts = [
    activation === undefined ? "" : activation === "same" ? "activations as the weights" : `activations ${activation}`,
    kv === undefined ? "" : kv === "same" ? "KV cache as the weights" : `KV cache ${kv}`,
  ];
  return parts.filter(Boolean).join(", ");
}
