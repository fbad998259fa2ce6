import type { TopLevelSpec } from "vega-lite";
import type { Frontier, FrontierPoint } from "../frontier.ts";
import { significant, withSigma } from "../numbers.ts";
import { rowNames } from "../views.ts";
import { pickByLegend, said, whenPicked } from "./interaction.ts";
import { type Label, placeLabels } from "./labels.ts";
import { type PlotScale, plotScale, position, tickValues, valueAt } from "./scale.ts";
import { familyPalette, plotWidth, theme } from "./theme.ts";

/** Points that are not rows. */
export interface Overlay {
  points: { name: string; x: number; y: number; text: string }[];
  /** In the corner of the plot; says that they are published, and by whom. */
  label: string;
  better: "low" | "high";
}

const cross = "M-0.6,-0.6L0.6,0.6M-0.6,0.6L0.6,-0.6";

const size = { width: plotWidth, height: 380 };

/** What is known of a row is said by three marks as well as in words: solid, hollow, faint. */
const looks = {
  frontier: { size: 85, fillOpacity: 1, opacity: 1 },
  tie: { size: 65, fillOpacity: 0, opacity: 1 },
  dominated: { size: 30, fillOpacity: 1, opacity: 0.5 },
};

/**
 * Loss against cost: frontier rows solid, joined by a step line and labelled; ties hollow, labelled where there is room; dominated rows faint. Bars
 * are one standard error. The rule is the full-precision model.
 * @param families all families of the report, so that a colour means the same in each of its charts.
 * @param published somebody else's points to lie over it: crosses in the page's ink, never part of the frontier.
 */
export function frontierChart(
  frontier: Frontier,
  families: Iterable<string>,
  title: string,
  published?: Overlay,
): TopLevelSpec {
  const { x, y } = frontier;
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
  const others = published?.points ?? [];
  const reference = frontier.baseline ? y.value(frontier.baseline) : y.id === "deltaLoss" ? 0 : null;
  const xScale = plotScale(
    [...marks.map((mark) => mark.x), ...others.map((point) => point.x)],
    marks.flatMap((mark) => [mark.xLow, mark.xHigh]),
    { low: 0.08, high: 0.08, linear: x.linear },
  );
  const yScale = plotScale(
    [...marks.map((mark) => mark.y), ...others.map((point) => point.y)],
    [...marks.flatMap((mark) => [mark.yLow, mark.yHigh]), ...(reference === null ? [] : [reference])],
    { low: 0.08, high: 0.06, linear: y.linear },
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
      params: [pickByLegend("family")],
      mark: { type: "point", strokeWidth: 1.5 },
      encoding: {
        stroke: { field: "family", type: "nominal", scale: { domain: palette.domain, range: palette.colors }, legend },
        fill: { field: "family", type: "nominal", scale: { domain: palette.domain, range: palette.colors }, legend },
        shape: { field: "family", type: "nominal", scale: { domain: palette.domain, range: palette.shapes }, legend },
        size: { field: "size", type: "quantitative", scale: null, legend: null },
        fillOpacity: { field: "fillOpacity", type: "quantitative", scale: null, legend: null },
        opacity: whenPicked("opacity"),
        ...said,
      },
    },
    {
      data: { values: labels(best, frontier, names, xScale, yScale, others) },
      mark: {
        type: "text",
        align: "left",
        baseline: "middle",
        fontSize: 11,
        fontStyle: { expr: "datum.style" },
        aria: false,
      },
      encoding: {
        text: { field: "text" },
        opacity: { field: "opacity", type: "quantitative", scale: null, legend: null },
      },
    },
  ];
  if (published) layers.push(...publishedLayers(published, xScale));
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

/** Crosses joined by a dashed line, named, with the word `published` among them. */
function publishedLayers({ points, label, better }: Overlay, xScale: PlotScale): object[] {
  const sign = better === "low" ? 1 : -1;
  const sorted = [...points].sort((a, b) => a.x - b.x || sign * (a.y - b.y));
  const best = sorted.filter((point, i) => sorted.slice(0, i).every((other) => sign * point.y < sign * other.y));
  const line = best.map(({ x, y }) => ({ x, y }));
  if (line.length > 0) line.push({ x: xScale.domain[1], y: line.at(-1)!.y });
  const ink = { color: "currentColor", opacity: 0.65 };
  return [
    {
      data: { values: line },
      mark: { type: "line", interpolate: "step-after", strokeDash: [2, 3], strokeWidth: 1.2, ...ink, aria: false },
      encoding: { order: { field: "x" } },
    },
    {
      data: { values: points },
      mark: { type: "point", shape: cross, size: 45, strokeWidth: 1.6, filled: false, ...ink },
      encoding: said,
    },
    {
      data: { values: [{ text: label }] },
      mark: { type: "text", align: "right", baseline: "top", fontSize: 11, fontStyle: "italic", aria: false },
      encoding: { x: { value: size.width - 4 }, y: { value: 4 }, text: { field: "text" } },
    },
  ];
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
      opacity: whenPicked(channel === "x" ? "faint" : "opacity"),
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
  others: Overlay["points"],
): object[] {
  const place = (point: { x: number; y: number }) => ({
    x: position(xScale, point.x) * size.width,
    y: (1 - position(yScale, point.y)) * size.height,
  });
  const anchorOf = (point: FrontierPoint) => ({ ...place(point), text: shorten(names.get(point.row.key)!) });
  const anchors = best.map(anchorOf);
  // Beside somebody else's points every one of ours wants its name.
  const wants = ({ status }: FrontierPoint) => status === "tie" || (others.length > 0 && status === "dominated");
  const whiskers = frontier.points.flatMap(({ x, y, row }): [number, number, number, number][] => {
    const at = place({ x, y });
    const [across, along] = [frontier.x.sigma(row) ?? 0, frontier.y.sigma(row) ?? 0];
    // On a log scale the lower end may lie beyond the axis; the bar is drawn to its end.
    const foot = place({ x, y: Math.max(y - along, yScale.domain[0]) }).y;
    return [
      [place({ x: x - across, y }).x, at.y - 1, place({ x: x + across, y }).x, at.y + 1],
      [at.x - 1, place({ x, y: y + along }).y, at.x + 1, foot],
    ];
  });
  // The step line runs level from each frontier point to the next one's cost, then down to it.
  const steps = anchors.flatMap((from, i): [number, number, number, number][] => {
    const to = anchors[i + 1];
    const level = [from.x, from.y - 1, to?.x ?? size.width, from.y + 1] as [number, number, number, number];
    return to ? [level, [to.x - 1, from.y, to.x + 1, to.y]] : [level];
  });
  const wanted: (Label & { published?: boolean })[] = [
    ...anchors,
    ...others.map((point) => ({ ...place(point), text: point.name, published: true })),
    ...frontier.points.filter(wants).map((point) => ({ ...anchorOf(point), optional: true })),
  ];
  const marks = [...frontier.points, ...others].map(place);
  return placeLabels(wanted, marks, [...steps, ...whiskers], size).map((label) => ({
    text: label.text,
    style: label.published ? "italic" : "normal",
    opacity: label.optional || label.published ? 0.7 : 1,
    x: valueAt(xScale, label.x / size.width),
    y: valueAt(yScale, 1 - label.y / size.height),
  }));
}

/** A name from a stranger may be a novel; a label may not. The tooltip has it all. */
function shorten(text: string): string {
  return text.length > 28 ? `${text.slice(0, 27)}…` : text;
}
