import type { Row } from "../evaluate/trial/row.ts";
import { csv } from "./escape.ts";

type Value = string | number | null;

interface Field {
  name: string;
  kind: "text" | "number";
  read(row: Row): Value;
}

const text = (name: string, read: (row: Row) => string | null): Field => ({ name, kind: "text", read });
const number = (name: string, read: (row: Row) => number | null): Field => ({ name, kind: "number", read });

/** The columns of an export, a row's fields in camelCase with the cost's beside them; lists and records as JSON text. */
const fields: Field[] = [
  text("key", (row) => row.key),
  text("model", (row) => row.model),
  text("modelSha256", (row) => row.modelSha256),
  text("format", (row) => row.format),
  text("element", (row) => row.element),
  text("family", (row) => row.family),
  text("activation", (row) => row.activation ?? null),
  text("kv", (row) => row.kv ?? null),
  text("method", (row) => row.method),
  text("scope", (row) => row.scope),
  text("group", (row) => (row.group === null ? null : String(row.group))),
  text("task", (row) => row.task),
  text("protocol", (row) => row.protocol),
  number("seed", (row) => row.seed),
  number("perplexity", (row) => row.perplexity),
  number("perplexitySigma", (row) => row.perplexitySigma),
  number("deltaLoss", (row) => row.deltaLoss),
  number("deltaLossSigma", (row) => row.deltaLossSigma),
  text("reason", (row) => row.reason ?? null),
  text("metrics", ({ metrics }) => (metrics === undefined ? null : JSON.stringify(withoutExamples(metrics)))),
  number("tokens", (row) => row.tokens),
  number("windows", (row) => row.windows),
  number("bitsPerWeight", (row) => row.bitsPerWeight),
  number("modelBitsPerWeight", (row) => row.modelBitsPerWeight ?? null),
  number("weightMse", (row) => row.weightMse),
  text("macWeight", (row) => row.cost?.weight ?? null),
  text("macActivation", (row) => row.cost?.activation ?? null),
  number("terms", (row) => row.cost?.terms ?? null),
  number("accumulatorBits", (row) => row.cost?.accumulatorBits ?? null),
  number("areaGe", (row) => row.cost?.areaGe ?? null),
  number("multiplierGe", (row) => row.cost?.multiplierGe ?? null),
  number("accumulatorGe", (row) => row.cost?.accumulatorGe ?? null),
  number("areaUm2", (row) => row.cost?.areaUm2 ?? null),
  text("node", (row) => row.cost?.node ?? null),
  number("delayPs", (row) => row.cost?.delayPs ?? null),
  number("energyFj", (row) => row.cost?.energyFj ?? null),
  text("variant", (row) => row.cost?.variant ?? null),
  text("costProvenance", (row) => row.cost?.provenance ?? null),
  text("costSource", (row) => row.cost?.source ?? null),
  number("costRelativeError", (row) => row.cost?.relativeError ?? null),
  number("synthesizedAreaGe", (row) => row.synthesizedCost?.areaGe ?? null),
  text("warnings", (row) => JSON.stringify(row.warnings)),
  text("versions", (row) => JSON.stringify(row.versions)),
  text("config", (row) => JSON.stringify(row.config)),
  text("startedAt", (row) => row.timing.startedAt),
  number("quantizeMs", (row) => row.timing.quantizeMs),
  number("evaluateMs", (row) => row.timing.evaluateMs),
];

/** Figures as a table wants them: their examples, thousands of zeros and ones, are in the journal. */
function withoutExamples(metrics: NonNullable<Row["metrics"]>): object {
  return Object.fromEntries(Object.entries(metrics).map(([name, { examples: _, ...figure }]) => [name, figure]));
}

/**
 * Rows as CSV (RFC 4180: comma, CRLF, a header, quotes doubled). A null is an empty field. Numbers have all their
 * digits. Window losses and layer logs are in the Arrow export only.
 */
export function rowsToCsv(rows: readonly Row[]): string {
  const lines = [fields.map((field) => field.name), ...rows.map((row) => fields.map((field) => csv(field.read(row))))];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

/**
 * Rows as an Arrow IPC file (pandas, DuckDB, Observable): text dictionary-encoded, numbers Float64, nulls null, plus
 * `windowLoss` (list of Float64, nats per token) and `layers` (JSON text). The same rows give the same bytes.
 */
export async function rowsToArrow(rows: readonly Row[]): Promise<Uint8Array> {
  const arrow = await import("apache-arrow");
  const { Dictionary, Field, Float64, Int32, List, Table, Utf8, tableToIPC, vectorFromArray } = arrow;
  const columns: Record<string, import("apache-arrow").Vector> = {};
  fields.forEach((field, id) => {
    const values = rows.map(field.read);
    // The id is given because apache-arrow's own come from a global counter, which would make the bytes differ.
    const type = field.kind === "text" ? new Dictionary(new Utf8(), new Int32(), id) : new Float64();
    columns[field.name] = vectorFromArray(values, type as never);
  });
  const losses = new List(new Field("item", new Float64(), true));
  columns.windowLoss = vectorFromArray(
    rows.map((row) => row.windowLoss),
    losses as never,
  );
  columns.layers = vectorFromArray(
    rows.map((row) => JSON.stringify(row.layers)),
    new Utf8(),
  );
  return tableToIPC(new Table(columns as never), "file");
}
