import type { TopLevelSpec } from "vega-lite";
import type { TensorProfile } from "../../evaluate/trial/row.ts";
import { significant, withSigma } from "../numbers.ts";
import { said } from "./interaction.ts";
import { type PlotScale, tickValues } from "./scale.ts";
import { listPalette, plotWidth, theme } from "./theme.ts";

/** Label of the strip for tensors without a finite ν, and the plot's width beside it. */
const width = plotWidth - 40;
const noTail = "Gaussian or no fit";

/**
 * Degrees of freedom ν of each tensor against its layer, log scale, bars one standard error; fewer degrees mean heavier
 * tails. Tensors without a ν (Gaussian, or no t fits) are hollow in a strip of their own above, not drawn as a huge ν.
 */
export function degreesChart(profiles: readonly TensorProfile[], title: string): TopLevelSpec {
  const palette = listPalette([...new Set(profiles.map((profile) => profile.kind))]);
  const all = profiles.map((profile, index) => ({
    layer: profile.layer ?? index,
    kind: profile.kind,
    nu: profile.nu,
    low: profile.nu === null ? null : Math.max(profile.nu - (profile.nuSigma ?? 0), profile.nu / 3),
    high: profile.nu === null ? null : profile.nu + (profile.nuSigma ?? 0),
    strip: noTail,
    text: `${profile.name}: ${profile.nu === null ? profile.verdict : `ν ${withSigma(profile.nu, profile.nuSigma)}`}, gain ${significant(profile.gain, 3)}`,
  }));
  const tailed = all.filter((point) => point.nu !== null);
  const gaussian = all.filter((point) => point.nu === null);
  const layers = [...new Set(all.map((point) => point.layer))].sort((a, b) => a - b);
  const color = { field: "kind", type: "nominal", scale: { domain: palette.domain, range: palette.colors } };
  const shape = { field: "kind", type: "nominal", scale: { domain: palette.domain, range: palette.shapes } };
  const legend = { title: null, columns: 5 };
  const x = (axis: object | null) => ({
    field: "layer",
    type: "ordinal",
    scale: { domain: layers },
    title: axis ? "layer" : null,
    axis,
  });
  const point = (encoding: object, mark: object) => ({
    mark: { type: "point", size: 60, strokeWidth: 1.5, opacity: 1, ...mark },
    encoding: {
      ...encoding,
      ...said,
      xOffset: { field: "kind", scale: { domain: palette.domain } },
    },
  });
  const scale = nuScale(tailed);
  const ticks = tickValues(scale);
  const main = {
    width,
    height: 240,
    data: { values: tailed },
    encoding: { x: x({ labelAngle: 0, labelOverlap: true }) },
    layer: [
      {
        mark: { type: "rule", strokeWidth: 1, opacity: 0.6, aria: false },
        encoding: {
          y: {
            field: "low",
            type: "quantitative",
            title: "degrees of freedom ν",
            scale,
            axis: { format: "~r", tickCount: 6, ...(ticks && { values: ticks }) },
          },
          y2: { field: "high" },
          xOffset: { field: "kind", scale: { domain: palette.domain } },
        },
      },
      point(
        {
          y: { field: "nu", type: "quantitative" },
          stroke: { ...color, legend },
          fill: { ...color, legend },
          shape: { ...shape, legend },
        },
        {},
      ),
    ],
  };
  const strip = {
    width,
    height: { step: 24 },
    data: { values: gaussian },
    ...point(
      {
        x: x(tailed.length > 0 ? null : { labelAngle: 0, labelOverlap: true }),
        y: { field: "strip", type: "nominal", title: null, axis: { ticks: false, domain: false, grid: true } },
        stroke: { ...color, legend },
        shape: { ...shape, legend },
      },
      { filled: false },
    ),
  };
  const parts = [...(gaussian.length > 0 ? [strip] : []), ...(tailed.length > 0 ? [main] : [])];
  return { description: title, config: theme, spacing: 6, vconcat: parts } as TopLevelSpec;
}

/** A log scale whatever the span, with room for the bars; any domain will do when there is nothing to draw. */
function nuScale(tailed: { low: number | null; high: number | null }[]): PlotScale {
  const ends = tailed.flatMap(({ low, high }) => [low!, high!]);
  const domain: [number, number] = ends.length > 0 ? [Math.min(...ends) / 1.08, Math.max(...ends) * 1.08] : [1, 10];
  return { type: "log", nice: false, domain };
}
