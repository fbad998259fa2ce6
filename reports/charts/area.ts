import type { TopLevelSpec } from "vega-lite";
import type { MacCost } from "../../hwmodel/cost.ts";
import { significant } from "../numbers.ts";
import { pickByLegend, said, whenPicked } from "./interaction.ts";
import { plotWidth, theme } from "./theme.ts";

const parts = ["multiplier", "accumulator", "decoder and other"];
const colors = ["#0072B2", "#E69F00", "#8a8a8a"];

/** Parts below this share of the whole are rounding of the other two, not a part of the circuit. */
const negligible = 0.005;

/**
 * Area of one multiply-accumulate for each format, in gate equivalents, multiplier and accumulator stacked, smallest
 * first; the bar is one standard error of the model, where the area is modelled.
 */
export function areaChart(costs: readonly { name: string; cost: MacCost }[], title: string): TopLevelSpec {
  const sorted = [...costs].sort((a, b) => a.cost.areaGe - b.cost.areaGe);
  const values = sorted.flatMap(({ name, cost }) => {
    const rest = cost.areaGe - cost.multiplierGe - cost.accumulatorGe;
    const sizes = [cost.multiplierGe, cost.accumulatorGe, rest > negligible * cost.areaGe ? rest : 0];
    return parts.flatMap((part, order) =>
      sizes[order]! > 0
        ? [{ name, part, order, size: sizes[order]!, text: `${name}: ${part} ${significant(sizes[order]!)} GE` }]
        : [],
    );
  });
  const totals = sorted.map(({ name, cost }) => {
    const sigma = cost.areaGe * (cost.relativeError ?? 0);
    return {
      name,
      total: cost.areaGe,
      low: cost.areaGe - sigma,
      high: cost.areaGe + sigma,
      label: significant(cost.areaGe, 3),
    };
  });
  const present = parts.filter((part) => values.some((value) => value.part === part));
  const widest = Math.max(...totals.map((total) => total.high));
  return {
    description: title,
    config: theme,
    width: plotWidth,
    height: { step: 20 },
    encoding: {
      y: {
        field: "name",
        type: "nominal",
        sort: sorted.map(({ name }) => name),
        title: null,
        axis: { ticks: false, domain: false },
      },
    },
    layer: [
      {
        data: { values },
        params: [pickByLegend("part")],
        mark: { type: "bar", height: { band: 0.72 } },
        encoding: {
          x: {
            field: "size",
            type: "quantitative",
            stack: "zero",
            title: "MAC area (gate equivalents)",
            scale: { domain: [0, widest * 1.12], nice: false },
            axis: { format: "~s", tickCount: 6 },
          },
          order: { field: "order" },
          color: {
            field: "part",
            type: "nominal",
            scale: { domain: present, range: present.map((part) => colors[parts.indexOf(part)]) },
            legend: { title: null, symbolType: "square" },
          },
          opacity: whenPicked(1),
          ...said,
        },
      },
      {
        data: { values: totals },
        mark: { type: "rule", strokeWidth: 1.2, aria: false },
        encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" } },
      },
      {
        data: { values: totals },
        mark: { type: "text", align: "left", dx: 5, baseline: "middle", fontSize: 10.5, aria: false },
        encoding: { x: { field: "high", type: "quantitative" }, text: { field: "label" } },
      },
    ],
  } as TopLevelSpec;
}
