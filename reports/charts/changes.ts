import type { TopLevelSpec } from "vega-lite";
import { withSigma } from "../numbers.ts";
import { said } from "./interaction.ts";
import { plotWidth, theme } from "./theme.ts";

const looks = {
  better: { color: "#009E73", shape: "triangle-left", fillOpacity: 1 },
  worse: { color: "#D55E00", shape: "triangle-right", fillOpacity: 1 },
  within: { color: "#8a8a8a", shape: "circle", fillOpacity: 0 },
};

/** One trial of two sweeps: metric now minus before. */
export interface ChangeMark {
  name: string;
  mean: number;
  sigma: number;
  verdict: string;
}

/** Differences to an earlier sweep, in the order given, bars two standard errors; the rule is no change. */
export function changesChart(marks: readonly ChangeMark[], quantity: string, title: string): TopLevelSpec {
  const verdicts = Object.keys(looks) as (keyof typeof looks)[];
  const present = verdicts.filter((verdict) => marks.some((mark) => mark.verdict === verdict));
  const values = marks.map((mark) => ({
    ...mark,
    low: mark.mean - 2 * mark.sigma,
    high: mark.mean + 2 * mark.sigma,
    fillOpacity: looks[mark.verdict as keyof typeof looks].fillOpacity,
    text: `${mark.name}: ${withSigma(mark.mean, mark.sigma)}, ${mark.verdict}`,
  }));
  const legend = { title: null, symbolFillOpacity: 1 };
  const scale = (range: string[]) => ({ domain: present, range });
  const color = { field: "verdict", type: "nominal", scale: scale(present.map((each) => looks[each].color)), legend };
  return {
    description: title,
    config: theme,
    width: plotWidth,
    height: { step: 20 },
    data: { values },
    encoding: {
      y: {
        field: "name",
        type: "nominal",
        sort: null,
        title: null,
        axis: { ticks: false, domain: false },
      },
    },
    layer: [
      {
        data: { values: [{}] },
        mark: { type: "rule", opacity: 0.6, aria: false },
        encoding: { x: { datum: 0, type: "quantitative" }, y: null },
      },
      {
        mark: { type: "rule", aria: false },
        encoding: {
          x: {
            field: "low",
            type: "quantitative",
            title: quantity,
            axis: { format: "~r", tickCount: 6 },
          },
          x2: { field: "high" },
        },
      },
      {
        mark: { type: "point", size: 65, opacity: 1, strokeWidth: 1.5 },
        encoding: {
          x: { field: "mean", type: "quantitative" },
          stroke: color,
          fill: color,
          shape: { ...color, scale: scale(present.map((each) => looks[each].shape)) },
          fillOpacity: { field: "fillOpacity", type: "quantitative", scale: null, legend: null },
          ...said,
        },
      },
    ],
  } as TopLevelSpec;
}
