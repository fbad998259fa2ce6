import type { TopLevelSpec } from "vega-lite";
import { significant, withSigma } from "../numbers.ts";
import { plotWidth, theme } from "./theme.ts";

/** What one extra value in the place of a format's second zero costs and buys; `value` null is the format without it. */
export interface SpecialValueRow {
  value: number | null;
  /** Squared error over that of the format without it, with its standard error. */
  mseRatio: number;
  mseRatioSigma: number;
  areaGe: number;
  accumulatorBits: number;
}

const width = plotWidth - 20;
const colors = { better: "#0072B2", worse: "#8a8a8a" };
/** Those of "Learning from Students", named in both panels. */
const named: Readonly<Record<number, string>> = { 5: "super-precision", 8: "super-range" };

/**
 * Two panels over the value: error relative to the plain format (bars are one standard error, the rule is the format itself), and
 * area of the multiply-accumulate with its own rule. Values that lessen the error by over two standard errors are solid.
 */
export function specialValuesChart(rows: readonly SpecialValueRow[], title: string): TopLevelSpec {
  const plain = rows.find(({ value }) => value === null);
  const points = rows
    .filter((row): row is SpecialValueRow & { value: number } => row.value !== null)
    .map((row) => {
      const gains = row.mseRatio < 1 - 2 * row.mseRatioSigma;
      return {
        ...row,
        low: row.mseRatio - row.mseRatioSigma,
        high: row.mseRatio + row.mseRatioSigma,
        look: gains ? "less error" : "no less error",
        text: `${significant(row.value)}: error ×${withSigma(row.mseRatio, row.mseRatioSigma)}, ${significant(row.areaGe)} GE, ${row.accumulatorBits}-bit accumulator`,
      };
    });
  const x = (title: string | null) => ({
    field: "value",
    type: "quantitative",
    title,
    scale: { nice: false, domain: [0, Math.max(...points.map(({ value }) => value)) * 1.03] },
    axis: { tickCount: 16, format: "~r" },
  });
  const labelled = points.filter(({ value }) => named[value]).map((point) => ({ ...point, name: named[point.value] }));
  const names = (field: string) => ({
    data: { values: labelled },
    mark: { type: "text", dy: 14, fontSize: 10.5, aria: false },
    encoding: { x: x(null), y: { field, type: "quantitative" }, text: { field: "name" } },
  });
  const color = {
    field: "look",
    type: "nominal",
    scale: { domain: ["less error", "no less error"], range: [colors.better, colors.worse] },
    legend: { title: null, symbolType: "circle" },
  };
  const dots = (field: string, title: string, domain: [number, number]) => ({
    data: { values: points },
    mark: { type: "point", filled: true, size: 45, opacity: 1 },
    encoding: {
      x: x(field === "areaGe" ? "the extra value (E2M1 has 0, ½, 1, 1½, 2, 3, 4, 6)" : null),
      y: {
        field,
        type: "quantitative",
        title,
        scale: { domain, zero: false, nice: false },
        axis: { format: "~r", tickCount: 6 },
      },
      color,
      description: { field: "text" },
    },
  });
  const rule = (at: number | undefined) =>
    at === undefined
      ? []
      : [
          {
            data: { values: [{ at }] },
            mark: { type: "rule", strokeDash: [4, 3], opacity: 0.6, aria: false },
            encoding: { y: { field: "at", type: "quantitative" } },
          },
        ];
  const span = (values: number[], room: number): [number, number] => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return [low - room * (high - low), high + room * (high - low)];
  };
  const errors = points.flatMap(({ low, high }) => [low, high]);
  const areas = points.map(({ areaGe }) => areaGe);
  return {
    description: title,
    config: theme,
    spacing: 14,
    vconcat: [
      {
        width,
        height: 220,
        layer: [
          ...rule(1),
          {
            data: { values: points },
            mark: { type: "rule", aria: false },
            encoding: { x: x(null), y: { field: "low", type: "quantitative" }, y2: { field: "high" }, color },
          },
          dots("mseRatio", "error, relative to E2M1", span([...errors, 1], 0.1)),
          names("low"),
        ],
      },
      {
        width,
        height: 160,
        layer: [
          ...rule(plain?.areaGe),
          dots("areaGe", "MAC area (GE)", span([...areas, ...(plain ? [plain.areaGe] : [])], 0.08)),
          names("areaGe"),
        ],
      },
    ],
  } as TopLevelSpec;
}
