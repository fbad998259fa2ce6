import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { equivalent, type MacChecks, mutants, verifyMac } from "../../hwmodel/netlist/index.ts";
import { e2m1, golden } from "../../test/hwmodel/netlists.ts";

describe("mutants of larger netlists", function () {
  this.timeout(300_000);

  for (const [library, name, checks] of [
    ["generic", "e2m1-registers", { terms: 256, latency: 2 }],
    ["ihp130", "e2m1", { terms: 256 }],
  ] satisfies [string, string, MacChecks][]) {
    it(`are caught in ${name} in ${library}, or proven to compute the same`, () => {
      const netlist = golden(name, library);
      let killed = 0;
      let same = 0;
      for (const { change, netlist: mutant } of mutants(netlist)) {
        try {
          verifyMac(mutant, e2m1, checks);
        } catch (error) {
          assert.ok(error instanceof UserError);
          killed++;
          continue;
        }
        assert.ok(equivalent(netlist, mutant), change);
        same++;
      }
      console.log(`    ${killed} caught, ${same} equivalent`);
      assert.ok(killed > 0.95 * (killed + same));
    });
  }
});
