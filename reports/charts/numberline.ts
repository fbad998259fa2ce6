import type { TopLevelSpec } from "vega-lite";
import type { Codebook } from "../input.ts";
import { significant } from "../numbers.ts";
import { pickByLegend, said, whenPicked } from "./interaction.ts";
import { familyPalette, plotWidth, theme } from "./theme.ts";

/**
 * Where each codebook has its values: one line a codebook, one tick a value, scaled so that the largest magnitude is 1
 * (what absmax scaling maps a group's largest weight to).
 */
export function numberLineChart(
  codebooks: readonly Codebook[],
  families: Iterable<string>,
  title: string,
): TopLevelSpec {
  const palette = familyPalette(families);
  const names = lineNames(codebooks);
  const values = codebooks.flatMap((codebook, i) => {
    const largest = Math.max(...codebook.values.map(Math.abs)) || 1;
    return [...new Set(codebook.values)].map((value) => ({
      line: names[i],
      family: codebook.family,
      value: value / largest,
      text: `${names[i]}: ${significant(value)}`,
    }));
  });
  const drawn = new Set(codebooks.map((codebook) => codebook.family));
  const scale = { domain: palette.domain, range: palette.colors };
  return {
    description: title,
    config: theme,
    width: plotWidth,
    height: { step: 24 },
    data: { values },
    encoding: {
      y: {
        field: "line",
        type: "nominal",
        sort: null,
        title: null,
        axis: { ticks: false, domain: false, grid: true, labelPadding: 8 },
      },
    },
    layer: [
      {
        params: [pickByLegend("family")],
        mark: { type: "tick", size: 15, thickness: 2 },
        encoding: {
          x: {
            field: "value",
            type: "quantitative",
            title: "value / largest magnitude",
            scale: { domain: [-1, 1], nice: false },
            axis: { grid: false, values: [-1, -0.5, 0, 0.5, 1] },
          },
          color: {
            field: "family",
            type: "nominal",
            scale,
            legend: { title: null, values: palette.domain.filter((family) => drawn.has(family)), symbolType: "square" },
          },
          opacity: whenPicked(1),
          ...said,
        },
      },
    ],
  } as TopLevelSpec;
}

/** Labels where they are unique, else ids: two lines of one name would be drawn on top of each other. */
function lineNames(codebooks: readonly Codebook[]): string[] {
  const labels = codebooks.map((codebook) => codebook.label);
  return new Set(labels).size === labels.length ? labels : codebooks.map((codebook) => codebook.id);
}
