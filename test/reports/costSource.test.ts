import assert from "node:assert/strict";
import { oneCostSource } from "../../reports/costSource.ts";
import { views } from "../../reports/views.ts";
import { codebooks, makeRows } from "./fixture.ts";

describe("oneCostSource", () => {
  const rows = makeRows().map((row) =>
    row.cost === null
      ? row
      : { ...row, synthesizedCost: { ...row.cost, areaGe: row.cost.areaGe + 1, provenance: "synthesized" as const } },
  );
  const provenances = (costed: typeof rows) => [...new Set(costed.map(({ cost }) => cost?.provenance ?? "none"))];

  it("takes synthesized costs where every row has one", () => {
    assert.deepEqual(provenances(oneCostSource(rows)), ["none", "synthesized"]);
    assert.equal(oneCostSource(rows)[1]!.cost!.areaGe, 263);
    assert.equal(views(rows, codebooks)[0]!.frontier.points[0]!.row.cost!.provenance, "synthesized");
  });

  it("takes the model's for all where a single row lacks a synthesis, and never changes the rows it is given", () => {
    const lacking = rows.with(1, { ...rows[1]!, synthesizedCost: null });
    assert.deepEqual(provenances(oneCostSource(lacking)), ["none", "modelled"]);
    assert.deepEqual(provenances(oneCostSource(makeRows())), ["none", "modelled"]);
    assert.equal(rows[1]!.cost!.provenance, "modelled");
  });
});
