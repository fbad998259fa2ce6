import type { Row } from "../evaluate/trial/row.ts";
import { metricAxis } from "./axes.ts";
import type { FrontierPoint } from "./frontier.ts";
import { count, missing, significant, withSigma } from "./numbers.ts";
import { groupName, rowNames, type View } from "./views.ts";

/** A table before it is HTML, Markdown or terminal text: cells carry what is shown and what is sorted by. */
export interface Table {
  caption: string;
  columns: { name: string; numeric: boolean }[];
  rows: Cell[][];
}

export interface Cell {
  text: string;
  value: number | string | null;
}

export interface Column<T> {
  name: string;
  numeric?: boolean;
  cell(item: T): Cell;
}

const words = (value: string): Cell => ({ text: value || missing, value });
const figure = (value: number | null, digits?: number): Cell => ({ text: significant(value, digits), value });
const measured = (value: number | null, sigma: number | null): Cell => ({ text: withSigma(value, sigma), value });

/**
 * The rows of one frontier: frontier rows and their ties, or all of them, in order of cost.
 * @param all also the dominated rows.
 */
export function frontierTable(view: View, all = false): Table {
  const { frontier } = view;
  const names = rowNames(frontier.points.map((point) => point.row));
  const methods = new Set(frontier.points.map((point) => point.row.method)).size > 1;
  const area = frontier.points.some((point) => point.row.cost !== null);
  const { x, y } = frontier;
  const loss = metricAxis("deltaLoss");
  const columns: Column<FrontierPoint>[] = [
    { name: "format", cell: ({ row }) => words(row.format) },
    ...(methods ? [{ name: "method", cell: ({ row }: FrontierPoint) => words(row.method) }] : []),
    { name: "status", cell: (point) => words(statusText(point, names)) },
    { name: "bits/weight", numeric: true, cell: ({ row }) => figure(row.bitsPerWeight) },
    ...(area
      ? [{ name: "area (GE)", numeric: true, cell: ({ row }: FrontierPoint) => figure(row.cost?.areaGe ?? null) }]
      : []),
    ...(x.id !== "areaGe" && x.id !== "bitsPerWeight"
      ? [{ name: x.name, numeric: true, cell: ({ row }: FrontierPoint) => figure(x.value(row)) }]
      : []),
    ...(y.id === "deltaLoss" || y.id === "perplexity"
      ? []
      : [{ name: y.name, numeric: true, cell: ({ row }: FrontierPoint) => measured(y.value(row), y.sigma(row)) }]),
    ...[loss, metricAxis("perplexity")]
      .filter((axis) => axis.id === y.id || frontier.points.some(({ row }) => axis.value(row) !== null))
      .map(
        (axis): Column<FrontierPoint> => ({
          name: axis.name,
          numeric: true,
          cell: ({ row }) => measured(axis.value(row), axis.sigma(row)),
        }),
      ),
  ];
  const points = frontier.points.filter((point) => all || point.status !== "dominated");
  return tableOf(`${viewTitle(view)}: ${all ? "all rows" : "frontier rows and their ties"}`, columns, points);
}

/** `Loss against area: reference, g128, 4-bit formats`. */
export function viewTitle(view: View): string {
  const { x, y } = view.frontier;
  const what = x.id === "bitsPerWeight" ? "bits per weight" : x.word;
  const formats = view.bits === null ? "" : `${view.bits}-bit formats`;
  const group = view.group === null ? "all group sizes" : groupName(view.group);
  const words = [view.model, view.taskName, group, formats, view.setting].filter(Boolean).join(", ");
  return `${y.word[0]!.toUpperCase()}${y.word.slice(1)} against ${what}: ${words}`;
}

export function statusText(point: FrontierPoint, names: Map<string, string>): string {
  if (point.status === "frontier") return "frontier";
  return `${point.status === "tie" ? "ties with" : "dominated by"} ${names.get(point.by!) ?? point.by}`;
}

/** Every row, every figure; the status columns say where it stands in each frontier that has it. */
export function fullTable(rows: readonly Row[], views: readonly View[]): Table {
  const statuses = (x: string) => {
    const found = new Map<string, string>();
    for (const view of views) {
      if (view.frontier.x.id !== x || view.models || view.bits !== null) continue;
      for (const point of view.frontier.points) found.set(point.row.key, point.status);
    }
    return found;
  };
  const byArea = statuses("areaGe");
  const byBits = statuses("bitsPerWeight");
  const cost = (name: string, read: (cost: NonNullable<Row["cost"]>) => number | null): Column<Row> => ({
    name,
    numeric: true,
    cell: (row) => figure(row.cost && read(row.cost)),
  });
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row.metrics ?? {})))].map((name): Column<Row> => {
    const read = ({ metrics }: Row) =>
      metrics && Object.hasOwn(metrics, name) ? metrics[name]! : { value: null, sigma: null };
    return { name, numeric: true, cell: (row) => measured(read(row).value, read(row).sigma) };
  });
  const columns: Column<Row>[] = [
    { name: "format", cell: (row) => words(row.format) },
    { name: "model", cell: (row) => words(row.model) },
    { name: "family", cell: (row) => words(row.family) },
    ...(["activation", "kv"] as const)
      .filter((name) => rows.some((row) => row[name] !== undefined))
      .map((name): Column<Row> => ({ name, cell: (row) => words(row[name] ?? "fp32") })),
    { name: "method", cell: (row) => words(row.method) },
    { name: "scope", cell: (row) => words(row.scope) },
    { name: "task", cell: (row) => words(row.task) },
    { name: "protocol", cell: (row) => words(row.protocol) },
    { name: "seed", numeric: true, cell: (row) => ({ text: String(row.seed), value: row.seed }) },
    { name: "windows", numeric: true, cell: (row) => ({ text: count(row.windows), value: row.windows }) },
    { name: "tokens", numeric: true, cell: (row) => ({ text: count(row.tokens), value: row.tokens }) },
    { name: "bits/weight", numeric: true, cell: (row) => figure(row.bitsPerWeight) },
    ...(rows.some(({ modelBitsPerWeight }) => modelBitsPerWeight !== undefined)
      ? [
          {
            name: "of the model",
            numeric: true,
            cell: (row: Row) => figure(row.modelBitsPerWeight ?? null),
          },
        ]
      : []),
    {
      name: metricAxis("deltaLoss").name,
      numeric: true,
      cell: (row) => measured(row.deltaLoss, row.deltaLossSigma),
    },
    { name: "perplexity", numeric: true, cell: (row) => measured(row.perplexity, row.perplexitySigma) },
    ...figures,
    { name: "weight MSE", numeric: true, cell: (row) => figure(row.weightMse, 3) },
    cost("area (GE)", (c) => c.areaGe),
    cost("multiplier", (c) => c.multiplierGe),
    cost("accumulator", (c) => c.accumulatorGe),
    cost("acc. bits", (c) => c.accumulatorBits),
    cost("area (µm²)", (c) => c.areaUm2),
    cost("delay (ps)", (c) => c.delayPs),
    cost("energy (fJ)", (c) => c.energyFj),
    { name: "area frontier", cell: (row) => words(byArea.get(row.key) ?? "") },
    { name: "bits frontier", cell: (row) => words(byBits.get(row.key) ?? "") },
    { name: "notes", cell: (row) => words([...(row.reason ? [row.reason] : []), ...row.warnings].join("; ")) },
  ];
  return dropConstant(tableOf("All rows", columns, rows));
}

/** Columns that say the same in every row go into the caption; columns without any value go. */
function dropConstant(table: Table): Table {
  if (table.rows.length < 2) return table;
  const same = table.columns.map((_, i) => table.rows.every((row) => row[i]!.text === table.rows[0]![i]!.text));
  const said = table.columns
    .map((column, i) => ({ name: column.name, text: table.rows[0]![i]!.text, same: same[i] }))
    .filter((column) => column.same && column.text !== missing)
    .map((column) => `${column.name} ${column.text}`);
  const caption = said.length > 0 ? `${table.caption}. The same in each: ${said.join(", ")}` : table.caption;
  const keep = <T>(list: T[]) => list.filter((_, i) => !same[i]);
  return { caption, columns: keep(table.columns), rows: table.rows.map(keep) };
}

/** A table of `items`, one column each. */
export function tableOf<T>(caption: string, columns: Column<T>[], items: readonly T[]): Table {
  return {
    caption,
    columns: columns.map(({ name, numeric = false }) => ({ name, numeric })),
    rows: items.map((item) => columns.map((column) => column.cell(item))),
  };
}
