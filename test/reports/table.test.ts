import assert from "node:assert/strict";
import { fullTable } from "../../reports/table.ts";
import { makeRow } from "./fixture.ts";

describe("fullTable", () => {
  it("has a column for each figure of the tasks, empty in rows without it", () => {
    const rows = [
      makeRow({ key: "a", metrics: { acc: { value: 0.5167, sigma: 0.0204 }, constructor: { value: 1, sigma: null } } }),
      makeRow({ key: "b", task: "perplexity:b" }),
    ];
    const table = fullTable(rows, []);
    const column = (name: string) => {
      const at = table.columns.findIndex((each) => each.name === name);
      return table.rows.map((row) => row[at]!.value);
    };
    assert.deepEqual(column("acc"), [0.5167, null]);
    assert.deepEqual(column("constructor"), [1, null]);
  });
});
