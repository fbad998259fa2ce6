import type { TopLevelSpec } from "vega-lite";
import { studentDensity } from "../../formats/quantiles.ts";
import { significant } from "../numbers.ts";
import { said } from "./interaction.ts";
import { listPalette, plotWidth, theme } from "./theme.ts";

/** Counts of values in bins of equal width, in units of the values; what lies beyond is in no bin. */
export interface Bins {
  low: number;
  width: number;
  counts: readonly number[];
  /** All values, those beyond the bins too. */
  total: number;
}

/** What was fitted: a Student-t (null without a finite ν), and the normal of the same moments. */
export interface FittedShape {
  nu: number | null;
  location: number | null;
  scale: number | null;
  mean: number;
  deviation: number;
}

/** Density on a log axis: steps of the histogram, the best t and the best normal, in units of the normal's deviation. */
export function densityChart(bins: Bins, fit: FittedShape, title: string): TopLevelSpec {
  const unit = fit.deviation;
  const bars = bins.counts.map((count, i) => {
    const low = (bins.low + i * bins.width - fit.mean) / unit;
    const density = (count / bins.total / bins.width) * unit;
    return { low, high: low + bins.width / unit, density, text: `${significant(density)}: ${count} values` };
  });
  const floor = Math.min(...bars.filter((bar) => bar.density > 0).map((bar) => bar.density)) / 2;
  const span = [bars[0]!.low, bars.at(-1)!.high] as const;
  const { nu, location, scale } = fit;
  const curves = [
    { name: "normal", at: (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI) },
    ...(nu !== null && location !== null && scale !== null
      ? [
          {
            name: `Student t, ν ${significant(nu, 3)}`,
            at: (x: number) => (studentDensity((x * unit + fit.mean - location) / scale, nu) * unit) / scale,
          },
        ]
      : []),
  ];
  const lines = curves.flatMap(({ name, at }) =>
    Array.from({ length: 201 }, (_, i) => span[0] + (i / 200) * (span[1] - span[0]))
      .map((x) => ({ name, x, density: at(x) }))
      .filter(({ density }) => density >= floor),
  );
  const palette = listPalette(["", ...curves.map((curve) => curve.name)]);
  const scaleOf = { domain: palette.domain.slice(1), range: palette.colors.slice(1) };
  return {
    description: title,
    config: theme,
    width: plotWidth,
    height: 320,
    layer: [
      {
        data: { values: bars.filter((bar) => bar.density > 0).map((bar) => ({ ...bar, floor })) },
        mark: { type: "bar", color: palette.colors[0]!, opacity: 0.35, binSpacing: 0 },
        encoding: {
          x: { field: "low", type: "quantitative", title: "standard deviations from the mean", scale: { nice: false } },
          x2: { field: "high" },
          y: {
            field: "density",
            type: "quantitative",
            title: "density",
            scale: { type: "log", nice: false, domainMin: floor },
            axis: { format: "~r", tickCount: 5 },
          },
          y2: { field: "floor" },
          ...said,
        },
      },
      {
        data: { values: lines },
        mark: { type: "line", strokeWidth: 2, aria: false },
        encoding: {
          x: { field: "x", type: "quantitative" },
          y: { field: "density", type: "quantitative" },
          color: { field: "name", type: "nominal", scale: scaleOf, legend: { title: null } },
          strokeDash: {
            field: "name",
            type: "nominal",
            scale: {
              domain: scaleOf.domain,
              range: [
                [5, 3],
                [1, 0],
              ],
            },
            legend: { title: null },
          },
        },
      },
    ],
  } as TopLevelSpec;
}
