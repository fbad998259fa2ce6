import type { TopLevelSpec } from "vega-lite";
import type { Row } from "../../evaluate/trial/row.ts";
import { significant } from "../numbers.ts";
import { pickByLegend, said, whenPicked } from "./interaction.ts";
import { listPalette, theme } from "./theme.ts";

/** Panels side by side in a small multiple. */
const columns = 4;

/**
 * Relative squared error of each quantized tensor against its layer, one panel a kind of tensor, one colour and shape a
 * format: which layers a format serves badly.
 * @param named the rows to compare and the names to call them by.
 */
export function layerErrorChart(named: readonly { name: string; row: Row }[], title: string): TopLevelSpec {
  const palette = listPalette(named.map(({ name }) => name));
  const values = named.flatMap(({ name, row }) =>
    row.layers.flatMap((layer, index) =>
      layer.relativeMse > 0
        ? [
            {
              name,
              error: layer.relativeMse,
              text: `${name}, ${layer.name}: relative error ${significant(layer.relativeMse, 3)}`,
              ...placeInModel(layer.name, index),
            },
          ]
        : [],
    ),
  );
  const layers = [...new Set(values.map((value) => value.layer))].sort((a, b) => a - b);
  const kinds = [...new Set(values.map((value) => value.kind))];
  const legend = { title: null, columns: 5 };
  const color = { field: "name", type: "nominal", scale: { domain: palette.domain, range: palette.colors }, legend };
  return {
    description: title,
    config: { ...theme, axis: { ...theme.axis, labelFontSize: 10 } },
    data: { values },
    columns,
    spacing: 14,
    facet: { field: "kind", type: "nominal", sort: kinds, title: null },
    spec: {
      width: 124,
      height: 110,
      params: [pickByLegend("name")],
      mark: { type: "point", size: 34, strokeWidth: 1.4 },
      encoding: {
        x: {
          field: "layer",
          type: "ordinal",
          scale: { domain: layers },
          title: "layer",
          axis: { labelAngle: 0, labelOverlap: true },
        },
        y: {
          field: "error",
          type: "quantitative",
          title: "relative MSE",
          scale: { type: "log", nice: false },
          axis: { format: "~r", tickCount: 3, titleLimit: 160 },
        },
        stroke: color,
        shape: { field: "name", type: "nominal", scale: { domain: palette.domain, range: palette.shapes }, legend },
        opacity: whenPicked(1),
        ...said,
      },
    },
  } as TopLevelSpec;
}

/** `model.layers.3.self_attn.q_proj.weight` is `q_proj` of layer 3; a name without a number keeps its place in the list. */
function placeInModel(name: string, index: number): { layer: number; kind: string } {
  const parts = name.replace(/\.weight$/, "").split(".");
  const number = parts.find((part) => /^\d{1,6}$/.test(part));
  return { layer: number === undefined ? index : Number(number), kind: parts.at(-1) || name };
}
