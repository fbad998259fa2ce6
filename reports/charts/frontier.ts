import type { TopLevelSpec } from "vega-lite";
import { costAxes, lossAxes } from "../axes.ts";
import type { Frontier, FrontierPoint } from "../frontier.ts";
import { significant, withSigma } from "../numbers.ts";
import { rowNames } from "../views.ts";
import { placeLabels } from "./labels.ts";
import { type PlotScale, plotScale, position, tickValues, valueAt } from "./scale.ts";
import { familyPalette, plotWidth, theme } from "./theme.ts";

const size = { width: plotWidth, height: 380 };

/** What is known of a row is said by three marks as well as in words: solid, hollow, faint. */
const looks = {
  frontier: { size: 85, fillOpacity: 1, opacity: 1 },
  tie: { size: 65, fillOpacity: 0, opacity: 1 },
  dominated: { size: 30, fillOpacity: 1, opacity: 0.5 },
};

/**
 * Loss against cost: frontier rows solid, joined by a step line and labelled; ties hollow; dominated rows faint. Bars
 * are one standard error. The rule is the full-precision model. Lower left is better.
 * @param families all families of the report, so that a colour means the same in each of its charts.
 */
export function frontierChart(frontier: Frontier, families: Iterable<string>, title: string): TopLevelSpec {
  const x = costAxes[frontier.x];
  const y = lossAxes[frontier.y];
  const names = rowNames(frontier.points.map((point) => point.row));
  const marks = frontier.points.map((point) => {
    const xSigma = x.sigma(point.row);
    const ySigma = y.sigma(point.row);
    const loss = `${y.name} ${withSigma(point.y, ySigma)}`;
    return {
      x: point.x,
      y: point.y,
      xLow: point.x - (xSigma ?? 0),
      xHigh: point.x + (xSigma ?? 0),
      yLow: point.y - (ySigma ?? 0),
      yHigh: point.y + (ySigma ?? 0),
      family: point.row.family,
      ...looks[point.status],
      faint: looks[point.status].opacity * 0.45,
      text: `${names.get(point.row.key)}: ${loss}, ${x.name} ${significant(point.x)}, ${verdict(point, names)}`,
    };
  });
  const reference = frontier.baseline ? y.value(frontier.baseline) : frontier.y === "deltaLoss" ? 0 : null;
  const xScale = plotScale(
    marks.map((mark) => mark.x),
    marks.flatMap((mark) => [mark.xLow, mark.xHigh]),
    { low: 0.08, high: 0.08 },
  );
  const yScale = plotScale(
    marks.map((mark) => mark.y),
    [...marks.flatMap((mark) => [mark.yLow, mark.yHigh]), ...(reference === null ? [] : [reference])],
    { low: 0.08, high: 0.06 },
  );
  const clipped = marks.map((mark) => ({ ...mark, yLow: Math.max(mark.yLow, yScale.domain[0]) }));
  const best = frontier.points.filter((point) => point.status === "frontier");
  const line = best.map((point) => ({ x: point.x, y: point.y }));
  if (line.length > 0) line.push({ x: xScale.domain[1], y: line.at(-1)!.y });
  const palette = familyPalette(families);
  const drawn = new Set(frontier.points.map((point) => point.row.family));
  const present = palette.domain.filter((family) => drawn.has(family));
  const legend = { title: null, values: present, symbolFillOpacity: 1 };
  const showReference = reference !== null && (yScale.type !== "log" || reference >= yScale.domain[0]);
  const axis = (scale: PlotScale) => ({
    format: "~r",
    labelOverlap: true,
    tickCount: 6,
    ...(tickValues(scale) && { values: tickValues(scale) }),
  });
  const layers = [
    ...(showReference ? referenceLayers(reference, xScale) : []),
    {
      data: { values: line },
      mark: {
        type: "line",
        interpolate: "step-after",
        strokeWidth: 1.5,
        stroke: "currentColor",
        opacity: 0.6,
        aria: false,
      },
      encoding: { order: { field: "x" } },
    },
    bars("yLow", "yHigh", "y", clipped),
    ...(marks.some((mark) => mark.xHigh > mark.xLow) ? [bars("xLow", "xHigh", "x", clipped)] : []),
    {
      data: { values: clipped },
      mark: { type: "point", strokeWidth: 1.5 },
      encoding: {
        stroke: { field: "family", type: "nominal", scale: { domain: palette.domain, range: palette.colors }, legend },
        fill: { field: "family", type: "nominal", scale: { domain: palette.domain, range: palette.colors }, legend },
        shape: { field: "family", type: "nominal", scale: { domain: palette.domain, range: palette.shapes }, legend },
        size: { field: "size", type: "quantitative", scale: null, legend: null },
        fillOpacity: { field: "fillOpacity", type: "quantitative", scale: null, legend: null },
        opacity: { field: "opacity", type: "quantitative", scale: null, legend: null },
        description: { field: "text" },
      },
    },
    {
      data: { values: labels(best, frontier, names, xScale, yScale) },
      mark: { type: "text", align: "left", baseline: "middle", fontSize: 11, aria: false },
      encoding: { text: { field: "text" } },
    },
  ];
  return {
    description: title,
    ...size,
    config: theme,
    encoding: {
      x: { field: "x", type: "quantitative", title: x.title, scale: xScale, axis: axis(xScale) },
      y: { field: "y", type: "quantitative", title: y.title, scale: yScale, axis: axis(yScale) },
    },
    layer: layers,
  } as TopLevelSpec;
}

function verdict(point: FrontierPoint, names: Map<string, string>): string {
  if (point.status === "frontier") return "on the frontier";
  return `${point.status === "tie" ? "ties with" : "dominated by"} ${names.get(point.by!)}`;
}

function bars(low: string, high: string, channel: "x" | "y", values: object[]): object {
  return {
    data: { values },
    mark: { type: "rule", strokeWidth: 1, aria: false },
    encoding: {
      [channel]: { field: low, type: "quantitative" },
      [`${channel}2`]: { field: high },
      opacity: { field: channel === "x" ? "faint" : "opacity", type: "quantitative", scale: null, legend: null },
    },
  };
}

function referenceLayers(value: number, xScale: PlotScale): object[] {
  const values = [{ x: xScale.domain[1], y: value, text: "fp32" }];
  return [
    {
      data: { values },
      mark: { type: "rule", strokeDash: [4, 3], opacity: 0.6, aria: false },
      encoding: { x: { value: 0 }, x2: { value: "width" } },
    },
    {
      data: { values },
      mark: {
        type: "text",
        align: "right",
        baseline: "bottom",
        dy: -3,
        dx: -2,
        fontSize: 11,
        opacity: 0.8,
        aria: false,
      },
      encoding: { text: { field: "text" } },
    },
  ];
}

function labels(
  best: FrontierPoint[],
  frontier: Frontier,
  names: Map<string, string>,
  xScale: PlotScale,
  yScale: PlotScale,
): object[] {
  const place = (point: { x: number; y: number }) => ({
    x: position(xScale, point.x) * size.width,
    y: (1 - position(yScale, point.y)) * size.height,
  });
  const anchors = best.map((point) => ({ ...place(point), text: shorten(names.get(point.row.key)!) }));
  // The step line runs level from each frontier point to the next one's cost, then down to it.
  const steps = anchors.flatMap((from, i): [number, number, number, number][] => {
    const to = anchors[i + 1];
    const level = [from.x, from.y - 1, to?.x ?? size.width, from.y + 1] as [number, number, number, number];
    return to ? [level, [to.x - 1, from.y, to.x + 1, to.y]] : [level];
  });
  return placeLabels(anchors, frontier.points.map(place), steps, size).map((label) => ({
    text: label.text,
    x: valueAt(xScale, label.x / size.width),
    y: valueAt(yScale, 1 - label.y / size.height),
  }));
}

/** A name from a stranger may be a novel; a label may not. The tooltip has it all. */
function shorten(text: string): string {
  return text.length > 28 ? `${text.slice(0, 27)}…` : text;
}
