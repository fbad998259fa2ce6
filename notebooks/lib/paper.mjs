import { listPalette, plotWidth, publishedBothOperands, theme } from "./bitfrontier.mjs";

/** Charts of what "Learning from Students" printed beside what this library finds; published marks are crosses. */

const cross = "M-0.6,-0.6L0.6,0.6M-0.6,0.6L0.6,-0.6";
const said = { description: { field: "text" }, tooltip: { field: "text" } };

/** ν of the weights of each network with its spread over layers, as published, and a rule at SF4's ν. */
export function networksChart(networks, nu) {
  const values = networks
    .map(({ network, weights, flaw }) => ({
      network,
      nu: weights.nu,
      low: Math.max(0.3, weights.nu - weights.nuSpread),
      high: weights.nu + weights.nuSpread,
      text: `published: ${network}: ν ${weights.nu}, spread over layers ${weights.nuSpread}${flaw ? ` (${flaw})` : ""}`,
    }))
    .sort((a, b) => a.nu - b.nu);
  return {
    description: "Published degrees of freedom of the weights of 29 networks",
    config: theme,
    width: plotWidth - 60,
    height: { step: 17 },
    data: { values },
    encoding: {
      y: { field: "network", type: "nominal", sort: null, title: null, axis: { ticks: false, domain: false } },
    },
    layer: [
      {
        data: { values: [{ nu }] },
        mark: { type: "rule", strokeDash: [4, 3], opacity: 0.6, aria: false },
        encoding: { x: { field: "nu", type: "quantitative" }, y: null },
      },
      {
        mark: { type: "rule", opacity: 0.4, aria: false },
        encoding: {
          x: { field: "low", type: "quantitative", title: "degrees of freedom ν, published", axis: { tickCount: 8 } },
          x2: { field: "high" },
        },
      },
      {
        mark: {
          type: "point",
          shape: cross,
          size: 45,
          strokeWidth: 1.7,
          filled: false,
          color: "currentColor",
          opacity: 1,
        },
        encoding: { x: { field: "nu", type: "quantitative" }, ...said },
      },
    ],
  };
}

/** Areas of Table 10, published and ours, a line a format. */
export function areasChart(rows) {
  const values = rows.flatMap(({ format, paper, ours }) => [
    { format, what: "published", area: paper.macUm2, text: `published: ${format}: ${paper.macUm2.toFixed(1)} µm²` },
    { format, what: "ours", area: ours.macUm2, text: `ours: ${format}: ${ours.macUm2.toFixed(1)} µm²` },
  ]);
  const kinds = { domain: ["published", "ours"], range: ["currentColor", "#0072B2"] };
  return {
    description: "Area of a MAC of each format of Table 10: published, and synthesized by this library",
    config: theme,
    width: plotWidth - 60,
    height: { step: 24 },
    data: { values },
    encoding: { y: { field: "format", type: "nominal", sort: rows.map(({ format }) => format), title: null } },
    layer: [
      {
        mark: { type: "line", color: "currentColor", opacity: 0.35, aria: false },
        encoding: { x: { field: "area", type: "quantitative" }, detail: { field: "format" } },
      },
      {
        mark: { type: "point", size: 60, strokeWidth: 1.8, filled: false, opacity: 1 },
        encoding: {
          x: { field: "area", type: "quantitative", title: "MAC area (µm², TSMC 28 nm)", scale: { zero: false } },
          stroke: { field: "what", type: "nominal", scale: kinds, legend: { title: null } },
          shape: {
            field: "what",
            type: "nominal",
            scale: { domain: kinds.domain, range: [cross, "circle"] },
            legend: { title: null },
          },
          ...said,
        },
      },
    ],
  };
}

/** The paper's frontier, weights and activations in the format: mean change of accuracy against published area. */
export function publishedFrontier(macs) {
  const values = macs
    .filter(({ format }) => publishedBothOperands[format])
    .flatMap(({ format, macUm2 }) =>
      ["plain", "smooth"].map((kind) => {
        const change = publishedBothOperands[format][kind];
        const what = kind === "plain" ? "round to nearest" : "with SmoothQuant";
        return {
          format,
          what,
          area: macUm2,
          change,
          text: `published: ${format}, ${what}: ${change} % at ${macUm2} µm²`,
        };
      }),
    );
  const palette = listPalette(["round to nearest", "with SmoothQuant"]);
  const scale = { domain: palette.domain, range: palette.colors };
  return {
    description: "Published: change of accuracy against MAC area, weights and activations in four bits",
    config: theme,
    width: plotWidth,
    height: 300,
    data: { values },
    encoding: {
      x: {
        field: "area",
        type: "quantitative",
        title: "MAC area (µm²), published",
        scale: { zero: false, padding: 20 },
      },
      y: {
        field: "change",
        type: "quantitative",
        title: "accuracy over fp32 (%), published",
        scale: { zero: false, padding: 16 },
      },
    },
    layer: [
      {
        mark: { type: "point", shape: cross, size: 55, strokeWidth: 1.8, filled: false, opacity: 1 },
        encoding: { stroke: { field: "what", type: "nominal", scale, legend: { title: null } }, ...said },
      },
      {
        mark: { type: "text", align: "left", dx: 8, fontSize: 11, fontStyle: "italic", aria: false },
        encoding: { text: { field: "format" } },
      },
    ],
  };
}

/** Expected error of formats against the number of weights that share a scale. `points`: { format, group, error }. */
export function groupsChart(points, nu) {
  const palette = listPalette([...new Set(points.map(({ format }) => format))]);
  const values = points.map((point) => ({
    ...point,
    text: `${point.format}, groups of ${point.group}: ${point.error.toPrecision(4)}`,
  }));
  const color = {
    field: "format",
    type: "nominal",
    scale: { domain: palette.domain, range: palette.colors },
    legend: { title: null },
  };
  return {
    description: `Expected error on t(${nu}) against the size of a group`,
    config: theme,
    width: plotWidth,
    height: 300,
    data: { values },
    encoding: {
      x: {
        field: "group",
        type: "quantitative",
        scale: { type: "log", base: 2, nice: false },
        title: "weights that share a scale",
        axis: { values: [...new Set(points.map(({ group }) => group))] },
      },
      y: {
        field: "error",
        type: "quantitative",
        scale: { type: "log", nice: false },
        title: "expected relative squared error",
        axis: { format: "~r", tickCount: 6 },
      },
    },
    layer: [
      { mark: { type: "line", strokeWidth: 1.5, aria: false }, encoding: { color } },
      {
        mark: { type: "point", size: 50, opacity: 1 },
        encoding: {
          stroke: color,
          fill: color,
          shape: {
            field: "format",
            type: "nominal",
            scale: { domain: palette.domain, range: palette.shapes },
            legend: { title: null },
          },
          ...said,
        },
      },
    ],
  };
}
