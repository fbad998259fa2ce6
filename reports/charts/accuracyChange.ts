import type { TopLevelSpec } from "vega-lite";
import type { AccuracyChange } from "../accuracyChange.ts";
import { costAxis } from "../axes.ts";
import { significant } from "../numbers.ts";
import { rowNames } from "../views.ts";
import { familyPalette, plotWidth, theme } from "./theme.ts";

/**
 * Mean relative change of accuracy against the area of a multiply-accumulate (against bits per weight where not all have an
 * area from one source), bars of one standard error. Upper left is better; the rule is full precision.
 */
export function accuracyChart(
  changes: readonly AccuracyChange[],
  families: Iterable<string>,
  title: string,
): TopLevelSpec {
  const rows = changes.map(({ row }) => row);
  const area = costAxis("areaGe", rows);
  const bases = new Set(rows.map(area.basis));
  const x = bases.size === 1 && !bases.has(null) ? area : costAxis("bitsPerWeight", rows);
  const names = rowNames(rows);
  const values = changes.map(({ row, change, sigma }) => ({
    x: x.value(row)!,
    y: change,
    low: change - sigma,
    high: change + sigma,
    family: row.family,
    name: names.get(row.key)!,
    text: `${names.get(row.key)}: ${significant(100 * change)} ± ${significant(100 * sigma)} %, ${x.name} ${significant(x.value(row)!)}`,
  }));
  const { domain, colors, shapes } = familyPalette(families);
  const present = domain.filter((family) => rows.some((row) => row.family === family));
  const scale = (range: readonly string[]) => ({ domain, range });
  const legend = { title: null, values: present };
  return {
    description: title,
    width: plotWidth,
    height: 320,
    config: theme,
    data: { values },
    encoding: { x: { field: "x", type: "quantitative", title: x.title, scale: { zero: false } } },
    layer: [
      {
        data: { values: [{ y: 0 }] },
        mark: { type: "rule", opacity: 0.6, aria: false },
        encoding: { x: null, y: { field: "y", type: "quantitative" } },
      },
      {
        mark: { type: "rule", opacity: 0.45, aria: false },
        encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" } },
      },
      {
        mark: { type: "point", filled: true, size: 65, opacity: 1 },
        encoding: {
          y: { field: "y", type: "quantitative", title: "Mean relative change of accuracy", axis: { format: "%" } },
          color: { field: "family", type: "nominal", scale: scale(colors), legend },
          shape: { field: "family", type: "nominal", scale: scale(shapes), legend },
          description: { field: "text" },
        },
      },
      {
        mark: { type: "text", align: "left", baseline: "middle", dx: 7, fontSize: 11, aria: false },
        encoding: { y: { field: "y", type: "quantitative" }, text: { field: "name" } },
      },
    ],
  } as TopLevelSpec;
}
