import type { ReportInput } from "../../reports/input.ts";
import { composeReport, type Report } from "../../reports/report.ts";
import { makeInput } from "./fixture.ts";

export const evil = `</script><script>alert("x")</script>'"&|\`\u001b[2J\n=1+1`;

/** A report in which every string is an attack. */
export function hostileInput(): ReportInput {
  const input = makeInput();
  const poison = <T>(value: T): T =>
    (typeof value === "string"
      ? evil + value
      : Array.isArray(value)
        ? value.map(poison)
        : value && typeof value === "object"
          ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, poison(entry)]))
          : value) as T;
  return { ...poison(input), rows: poison(input.rows).map((row, i) => (i === 0 ? { ...row, format: "fp32" } : row)) };
}

/** The same against an earlier sweep, of two models, with figures whose names are attacks too. */
export function hostileReport(): Report {
  const input = hostileInput();
  const acc = { [`${evil}acc`]: { value: 0.5, sigma: 0.1 } };
  const other = input.rows.map((row) => ({
    ...row,
    key: `${row.key}2`,
    model: `${evil}2`,
    modelSha256: `${evil}2`,
    metrics: acc,
  }));
  const before = input.rows
    .slice(1)
    .map((row) => ({ ...row, windowLoss: row.windowLoss.map((loss, i) => loss + (i % 3)) }));
  return composeReport({ ...input, rows: [...input.rows, ...other] }, { against: { rows: before, name: evil } });
}
