import type { Row } from "../evaluate/trial/row.ts";
import { UserError } from "../formats/error.ts";
import type { MacCost } from "../hwmodel/cost.ts";
import { chipOverhead } from "../hwmodel/system/chipOverhead.ts";
import { plain } from "./escape.ts";
import { operandName } from "./settings.ts";

/** One axis of a frontier: how to read a row, in which unit, and which rows may stand on it together. */
export interface Axis {
  id: string;
  /** Short name for a table's head, full name with the unit for a chart, and one word for sentences. */
  name: string;
  title: string;
  word: string;
  /** Values can be zero or negative, or lie in 0 … 1: never drawn on a log scale. */
  linear?: boolean;
  value(row: Row): number | null;
  /** One standard error, in the unit of the value; null where the value is exact or its error unknown. */
  sigma(row: Row): number | null;
  /** Rows with different bases are never drawn on one axis; null where there is no value. */
  basis(row: Row): string | null;
}

/** What a format loses: an axis that knows which side is better, and what paired statistics need. */
export interface MetricAxis extends Axis {
  better: "low" | "high";
  /** One value a window or example; empty where the row has none. */
  observations(row: Row): readonly number[];
  /** Difference to full precision with its standard error, where the row states one. */
  difference(row: Row): { mean: number | null; sigma: number | null };
}

type CostFigure = "areaGe" | "areaUm2" | "delayPs" | "energyFj";

function fromCost(id: CostFigure, rows: readonly Row[], name: string, title: string, word: string): Axis {
  const operand = operandName(rows);
  return {
    id,
    name,
    title,
    word,
    value: (row) => row.cost?.[id] ?? null,
    // relativeError is stated for areaGe; areaUm2 is areaGe times the area of one gate.
    sigma: (row) =>
      row.cost?.relativeError != null && (id === "areaGe" || id === "areaUm2")
        ? row.cost[id] * row.cost.relativeError
        : null,
    basis: ({ cost }) => (cost === null ? null : `${basisOf(cost, operand)}${id === "areaGe" ? "" : `, ${cost.node}`}`),
  };
}

/** Where a cost comes from and what it is the cost of. */
function basisOf(cost: MacCost, operand: (cost: MacCost) => string): string {
  return `${cost.provenance}: ${cost.source}; with ${operand(cost)}, ${cost.terms} terms`;
}

/**
 * The whole chip's area over an INT4 chip's, percent, by the paper's rule: 10 % of a chip are MACs, 60 % memories. Bits are
 * those stored, scales included, so that INT4 itself has an overhead: its scales. Needs an INT4 row of the same cost source.
 */
function chipAxis(rows: readonly Row[]): Axis {
  const operand = operandName(rows);
  const int4 = new Map<string, number>();
  for (const { element, cost } of rows) if (element === "int4" && cost) int4.set(basisOf(cost, operand), cost.areaGe);
  const reference = ({ cost }: Row) => (cost === null ? null : (int4.get(basisOf(cost, operand)) ?? null));
  return {
    id: "chipOverhead",
    name: "chip (%)",
    title: "Chip area over an INT4 chip (%)",
    word: "chip area",
    linear: true,
    value(row) {
      const area = reference(row);
      return area === null || row.cost === null ? null : 100 * chipOverhead(row.cost.areaGe, area, row.bitsPerWeight);
    },
    sigma(row) {
      const area = reference(row);
      if (area === null || row.cost?.relativeError == null) return null;
      const plain = chipOverhead(row.cost.areaGe, area, row.bitsPerWeight);
      return 100 * (chipOverhead(row.cost.areaGe * (1 + row.cost.relativeError), area, row.bitsPerWeight) - plain);
    },
    basis: (row) => (reference(row) === null ? null : basisOf(row.cost!, operand)),
  };
}

const bits: Axis = {
  id: "bitsPerWeight",
  name: "bits/weight",
  title: "Bits per weight, scales included",
  word: "bits",
  value: (row) => row.bitsPerWeight,
  sigma: () => null,
  basis: () => "derived",
};

/** What a model takes to store: the axis on which a head that is rounded, or stays, counts. */
const modelBits: Axis = {
  ...bits,
  id: "modelBitsPerWeight",
  name: "bits of the model",
  title: "Bits per weight of the whole model, embeddings and head included",
  word: "bits of the model",
  value: (row) => row.modelBitsPerWeight ?? null,
};

const costs = {
  areaGe: (rows) => fromCost("areaGe", rows, "area (GE)", "MAC area (gate equivalents)", "area"),
  areaUm2: (rows) => fromCost("areaUm2", rows, "area (µm²)", "MAC area (µm²)", "area"),
  delayPs: (rows) => fromCost("delayPs", rows, "delay (ps)", "MAC delay (ps)", "delay"),
  energyFj: (rows) => fromCost("energyFj", rows, "energy (fJ)", "Energy per MAC (fJ)", "energy"),
  bitsPerWeight: () => bits,
  modelBitsPerWeight: () => modelBits,
  chipOverhead: chipAxis,
} satisfies Record<string, (rows: readonly Row[]) => Axis>;

export type CostAxis = keyof typeof costs;

/** What can stand on the x axis; smaller is better. A new cost is one more entry of `costs`. */
export const costIds = Object.keys(costs) as CostAxis[];

/** The axis of a cost, for these rows: they decide what counts as one basis, and hold the INT4 that a chip is compared with. */
export function costAxis(id: CostAxis, rows: readonly Row[]): Axis {
  return costs[id](rows);
}

const losses: Record<string, MetricAxis> = {
  deltaLoss: {
    id: "deltaLoss",
    name: "Δ loss (nats/token)",
    title: "Loss over fp32 (nats per token)",
    word: "loss",
    better: "low",
    value: (row) => row.deltaLoss,
    sigma: (row) => row.deltaLossSigma,
    basis: (row) => row.protocol,
    observations: (row) => row.windowLoss,
    difference: (row) => ({ mean: row.deltaLoss, sigma: row.deltaLossSigma }),
  },
  perplexity: {
    id: "perplexity",
    name: "perplexity",
    title: "Perplexity",
    word: "perplexity",
    better: "low",
    value: (row) => row.perplexity,
    sigma: (row) => row.perplexitySigma,
    basis: (row) => row.protocol,
    observations: (row) => row.windowLoss,
    difference: (row) => ({ mean: row.deltaLoss, sigma: row.deltaLossSigma }),
  },
};

/** Names in words, for the figures that tasks give today; others keep their own name. */
const titles: Record<string, { title: string; word: string }> = {
  acc: { title: "Accuracy", word: "accuracy" },
  acc_norm: { title: "Accuracy, length-normalized", word: "normalized accuracy" },
  kl: { title: "KL divergence from fp32 (nats per token)", word: "divergence" },
  same_top: { title: "Share of tokens whose most likely one stays", word: "agreement" },
};

/** Figures of which less is better, by name; of all others (accuracies, agreement) more is. */
const lessIsBetter = /^(kl|ppl|loss|bits)|perplexity|error/;

/** The axis of a metric: the loss, the perplexity, or a figure of a task by its name (`acc`, `kl`). */
export function metricAxis(id: string): MetricAxis {
  if (Object.hasOwn(losses, id)) return losses[id]!;
  const read = (row: Row) => (row.metrics && Object.hasOwn(row.metrics, id) ? row.metrics[id] : undefined);
  return {
    id,
    name: id,
    ...(Object.hasOwn(titles, id) ? titles[id]! : { title: id, word: id }),
    linear: !lessIsBetter.test(id),
    better: lessIsBetter.test(id) ? "low" : "high",
    value: (row) => read(row)?.value ?? null,
    sigma: (row) => read(row)?.sigma ?? null,
    basis: (row) => row.protocol,
    observations: (row) => read(row)?.examples ?? [],
    difference: (row) => ({ mean: read(row)?.delta ?? null, sigma: read(row)?.deltaSigma ?? null }),
  };
}

/** Metrics that some row has a value of. */
export function metricIds(rows: readonly Row[]): string[] {
  const named = new Set(rows.flatMap((row) => Object.keys(row.metrics ?? {})));
  return [...Object.keys(losses), ...named].filter((id) => rows.some((row) => metricAxis(id).value(row) !== null));
}

/** @throws UserError listing the metrics there are, where no row has this one. */
export function checkMetric(id: string, rows: readonly Row[]): void {
  const known = metricIds(rows);
  if (!known.includes(id))
    throw new UserError(`metric "${plain(id)}": no row has it; there are ${known.map(plain).join(", ")}`);
}

/** @throws UserError where no row has this cost. */
export function checkCost(id: CostAxis, rows: readonly Row[]): void {
  const axis = costAxis(id, rows);
  if (rows.some((row) => axis.value(row) !== null)) return;
  const needs =
    id === "chipOverhead" ? "an int4 row and areas of one source" : "costs that state it, such as those of --library";
  throw new UserError(`cost "${id}": no row has it; it needs ${needs}`);
}
