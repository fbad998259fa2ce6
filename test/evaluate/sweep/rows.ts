import type { Row } from "../../../evaluate/trial/row.ts";

/** A row as a trial would give it, with the fields a test cares about replaced. */
export function rowOf(key: string, fields: Partial<Row> = {}): Row {
  return {
    key,
    model: "reference",
    modelSha256: "ab",
    format: "sf4@g32",
    element: "sf4",
    family: "student",
    method: "rtn",
    scope: "linears",
    group: 32,
    task: "perplexity:reference",
    protocol: "windows-256",
    seed: 0,
    perplexity: 12.5,
    perplexitySigma: 0.25,
    deltaLoss: 0.01,
    deltaLossSigma: 0.001,
    tokens: 512,
    windows: 2,
    windowLoss: [2.5, 2.625],
    bitsPerWeight: 4.5,
    weightMse: 0.01,
    cost: null,
    layers: [],
    warnings: [],
    versions: {},
    config: {},
    timing: { startedAt: "2026-01-01T00:00:00.000Z", quantizeMs: 1, evaluateMs: 2 },
    ...fields,
  };
}
