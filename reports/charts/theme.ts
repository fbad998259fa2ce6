import type { Config } from "vega-lite/types_unstable/config.js";

/** Okabe & Ito (2008), colours told apart by the colour-blind; their yellow is left out, too pale on white. */
const palette = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8a8a8a"];

/** Families met in the field keep their colour and shape from one report to the next; others follow in order. */
const known = ["int", "float", "normal", "student", "log", "apot"];

/** Eight shapes against seven colours: no pair repeats before the 57th family. */
const shapes = [
  "square",
  "circle",
  "diamond",
  "triangle-up",
  "triangle-down",
  "cross",
  "triangle-right",
  "triangle-left",
];

/** Plot width of every chart, px: with labels and axis it fills a column of text. */
export const plotWidth = 640;

/** One colour and one shape a category, so that neither colour nor shape alone carries the meaning. */
export interface Palette {
  domain: string[];
  colors: string[];
  shapes: string[];
}

/** Colours and shapes for the families that occur, the known ones first. */
export function familyPalette(families: Iterable<string>): Palette {
  const present = new Set(families);
  const others = [...present].filter((family) => !known.includes(family)).sort();
  const order = [...known, ...others];
  return pick(
    order.filter((family) => present.has(family)),
    (family) => order.indexOf(family),
  );
}

/** Colours and shapes for any list of names, in its order. */
export function listPalette(names: readonly string[]): Palette {
  return pick([...names], (name) => names.indexOf(name));
}

function pick(domain: string[], rank: (name: string) => number): Palette {
  return {
    domain,
    colors: domain.map((name) => palette[rank(name) % palette.length]!),
    shapes: domain.map((name) => shapes[rank(name) % shapes.length]!),
  };
}

const ink = "currentColor";
const font = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif";

/** The look of every chart: transparent, in the ink of the page around it, so that it follows light and dark. */
export const theme: Config = {
  background: "transparent",
  font,
  padding: 4,
  view: { stroke: null },
  axis: {
    labelColor: ink,
    titleColor: ink,
    tickColor: ink,
    domainColor: ink,
    gridColor: ink,
    gridOpacity: 0.1,
    domainOpacity: 0.4,
    tickOpacity: 0.4,
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: "normal",
    titlePadding: 8,
    labelLimit: 220,
  },
  legend: {
    labelColor: ink,
    titleColor: ink,
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: "normal",
    symbolStrokeWidth: 1.5,
    symbolOpacity: 1,
    columnPadding: 14,
    orient: "top",
    direction: "horizontal",
    padding: 0,
    offset: 10,
  },
  header: {
    labelColor: ink,
    titleColor: ink,
    labelFontSize: 11,
    labelFontWeight: "normal",
    labelBaseline: "line-bottom",
  },
  title: { color: ink, subtitleColor: ink, fontSize: 13, fontWeight: "normal", anchor: "start" },
  text: { color: ink, fontSize: 11 },
  rule: { color: ink },
  tick: { thickness: 2 },
};
