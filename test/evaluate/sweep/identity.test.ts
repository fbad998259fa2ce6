import assert from "node:assert/strict";
import { changedParts, changesSince, type PlannedTrial } from "../../../evaluate/sweep/index.ts";
import type { Row } from "../../../evaluate/trial/row.ts";
import { rowOf } from "./rows.ts";

const trial: PlannedTrial = {
  key: "new",
  baseline: null,
  identity: {
    resultVersion: 2,
    modelSha256: "0123456789abcdef",
    configSha256: "c",
    tokenizerSha256: "t",
    textSha256: "x",
    formatSha256: "f",
    runningSha256: null,
  },
  spec: {
    model: "reference",
    format: "sf4@g32",
    method: "rtn",
    methodOptions: {},
    scope: "linears",
    task: "perplexity:a.txt",
    context: 256,
    limitWindows: null,
    seed: 0,
  },
};
const made = (key: string, identity: object, versions = {}): Row =>
  rowOf(key, { config: { ...trial.spec, identity: { ...trial.identity, ...identity } }, versions });
const store = (...rows: Row[]) => new Map(rows.map((row) => [row.key, row]));

describe("changesSince", () => {
  it("tells rows of changed weights and of an older version of the results", () => {
    const weights = made("old", { modelSha256: "fedcba9876543210" });
    assert.deepEqual(changesSince([trial], store(weights), {}), [
      "1 row was made before the model's weights (fedcba987654… then, 0123456789ab… now) changed: they stay in the journal, their trials run again",
    ]);
    const version = made("old", { resultVersion: 1 });
    assert.match(
      changesSince([trial], store(version), {})[0]!,
      /^1 row was made before the version of the results \(1 then, 2 now\)/,
    );
  });

  it("counts rows that other versions of the engine made, which are kept", () => {
    const rows = store(made("new", {}, { node: "20.0.0", bitfrontier: "1" }));
    assert.deepEqual(changesSince([trial], rows, { node: "22.0.0", bitfrontier: "1" }), [
      "1 row was made with node 20.0.0, now 22.0.0: they are kept",
    ]);
  });

  it("says nothing of rows of other trials, nor of a trial that is simply open", () => {
    const other = rowOf("other", { config: { ...trial.spec, format: "nf4@g32", identity: trial.identity } });
    assert.deepEqual(changesSince([trial], store(other), {}), []);
    assert.deepEqual(changesSince([trial], new Map(), {}), []);
  });
});

describe("changedParts", () => {
  it("names the calibration text, and the program for rows that do not say", () => {
    const row = rowOf("old", {
      config: { ...trial.spec, methodOptions: { calibration: 1 }, identity: trial.identity },
    });
    assert.deepEqual(changedParts(row, trial), ["the calibration text"]);
    assert.deepEqual(changedParts(rowOf("old"), trial), ["the program (the row does not say what it was made from)"]);
  });
});
