import type { Row } from "../evaluate/row.ts";

/** One axis of a frontier: how to read a row, in which unit, and which rows may stand on it together. */
export interface Axis {
  id: string;
  /** Short name for a table's head, and full name with the unit for a chart. */
  name: string;
  title: string;
  value(row: Row): number | null;
  /** One standard error, in the unit of the value; null where the value is exact or its error unknown. */
  sigma(row: Row): number | null;
  /** Rows with different bases are never drawn on one axis; null where there is no value. */
  basis(row: Row): string | null;
}

function fromCost(id: "areaGe" | "areaUm2" | "delayPs" | "energyFj", name: string, title: string): Axis {
  return {
    id,
    name,
    title,
    value: (row) => row.cost?.[id] ?? null,
    // relativeError is stated for areaGe; areaUm2 is areaGe times the area of one gate.
    sigma: (row) =>
      row.cost?.relativeError != null && (id === "areaGe" || id === "areaUm2")
        ? row.cost[id] * row.cost.relativeError
        : null,
    basis: ({ cost }) =>
      cost === null
        ? null
        : id === "areaGe"
          ? `${cost.provenance}: ${cost.source}`
          : `${cost.provenance}: ${cost.source}, ${cost.node}`,
  };
}

/** What a format costs; smaller is better. A new cost is one more entry. */
export const costAxes = {
  areaGe: fromCost("areaGe", "area (GE)", "MAC area (gate equivalents)"),
  areaUm2: fromCost("areaUm2", "area (µm²)", "MAC area (µm²)"),
  delayPs: fromCost("delayPs", "delay (ps)", "MAC delay (ps)"),
  energyFj: fromCost("energyFj", "energy (fJ)", "Energy per MAC (fJ)"),
  bitsPerWeight: {
    id: "bitsPerWeight",
    name: "bits/weight",
    title: "Bits per weight, scales included",
    value: (row) => row.bitsPerWeight,
    sigma: () => null,
    basis: () => "derived",
  },
} satisfies Record<string, Axis>;

/** What a format loses; smaller is better. */
export const lossAxes = {
  deltaLoss: {
    id: "deltaLoss",
    name: "Δ loss (nats/token)",
    title: "Loss over fp32 (nats per token)",
    value: (row) => row.deltaLoss,
    sigma: (row) => row.deltaLossSigma,
    basis: (row) => row.protocol,
  },
  perplexity: {
    id: "perplexity",
    name: "perplexity",
    title: "Perplexity",
    value: (row) => row.perplexity,
    sigma: (row) => row.perplexitySigma,
    basis: (row) => row.protocol,
  },
} satisfies Record<string, Axis>;

export type CostAxis = keyof typeof costAxes;
export type LossAxis = keyof typeof lossAxes;
