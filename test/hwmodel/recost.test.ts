import assert from "node:assert/strict";
import { macCostById, macTable, recost, TIMED_LIBRARIES } from "../../hwmodel/index.ts";

describe("recost", () => {
  it("recost(element, cost, library) is the committed synthesis of the same MAC, with delay and energy", () => {
    const row = macTable().find((r) => r.weight === "e2m1" && r.activation === "int8" && r.library === "asap7")!;
    const cost = recost("e2m1", macCostById("e2m1@g128", "int8"), "asap7")!;
    assert.deepEqual([cost.areaGe, cost.delayPs, cost.energyFj], [row.areaGe, row.delayPs, row.energyFj]);
    assert.deepEqual([cost.provenance, cost.node], ["synthesized", "asap7"]);
    assert.equal(recost("int4", macCostById("int4"), "sky130")!.activation, "int4");
    assert.equal(recost("sf4_7", macCostById("sf4_7", "e3m0"), "sky130"), null);
  });

  it("every library of TIMED_LIBRARIES states delay and energy of all its rows, and no other has", () => {
    const timed = macTable().filter((row) => row.energyFj !== null && row.delayPs !== null);
    assert.deepEqual([...new Set(timed.map((row) => row.library))].sort(), [...TIMED_LIBRARIES]);
    const listed = macTable().filter((row) => (TIMED_LIBRARIES as readonly string[]).includes(row.library));
    assert.equal(timed.length, listed.length);
  });
});
