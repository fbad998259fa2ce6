import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { equivalent, type MacChecks, mutants, verifyMac } from "../../hwmodel/netlist/index.ts";
import { e2m1, golden, int4 } from "./netlists.ts";

const terms = 256;
const cases: [string, string, typeof int4, MacChecks][] = [
  ["int4", "generic", int4, { terms }],
  ["int4-clear", "sky130", int4, { terms, clear: { port: "clear", loads: "zero" } }],
  ["e2m1", "asap7", e2m1, { terms }],
  ["e2m1-registers", "generic", e2m1, { terms, latency: 2 }],
  ["e2m1", "ihp130", e2m1, { terms }],
];

describe("verifyMac", () => {
  for (const [name, library, reference, checks] of cases) {
    it(`proves ${name} in ${library} over all 256 pairs of codes and sequences of 256 terms`, () => {
      const proof = verifyMac(golden(name, library), reference, checks);
      assert.deepEqual(proof, {
        codePairs: 256,
        checks: checks.clear ? 8448 + 4 * 32 : 8448,
        sequences: 32,
        sequenceTerms: 256,
      });
    });
  }

  it("finds a single wrong product", () => {
    const wrong = (w: number, a: number) => int4(w, a)! + (w === 9 && a === 13 ? 1 : 0);
    assert.throws(
      () => verifyMac(golden("int4", "generic"), wrong, { terms }),
      (e) => e instanceof UserError && /netlist mac: step \d+: accumulator is \d+, expected \d+/.test(e.message),
    );
  });

  it("finds an accumulator that is too narrow for its terms", () => {
    const netlist = golden("int4", "generic");
    assert.equal(verifyMac(netlist, int4, { terms: 511 }).sequenceTerms, 511);
    assert.throws(() => verifyMac(netlist, int4, { terms: 512 }), /16 accumulator bits overflow/);
    const narrow = { ...netlist, outputs: { sum: netlist.outputs.sum!.slice(0, 15) } };
    assert.throws(() => verifyMac(narrow, int4, { terms }), /15 accumulator bits overflow after fewer than 256/);
    const stuck = { ...netlist, outputs: { sum: [...netlist.outputs.sum!.slice(0, 15), 0] } };
    assert.throws(() => verifyMac(stuck, int4, { terms }), /accumulator is/);
  });

  it("notices a clear that loads something else, and a latency that is not the netlist's", () => {
    const clear = golden("int4-clear", "sky130");
    assert.throws(() => verifyMac(clear, int4, { terms, clear: { port: "clear", loads: "product" } }), /expected/);
    assert.throws(() => verifyMac(golden("e2m1-registers", "generic"), e2m1, { terms }), /accumulator is/);
  });

  it("skips reserved codes, and refuses references without integers", () => {
    const netlist = golden("int4", "generic");
    const reserved = (w: number, a: number) => (w === 8 || a === 8 ? null : int4(w, a));
    assert.equal(verifyMac(netlist, reserved, { terms }).codePairs, 225);
    assert.throws(() => verifyMac(netlist, () => null, { terms }), /no pair of codes/);
    assert.throws(() => verifyMac(netlist, () => 0.5, { terms }), /product 0.5, expected an integer/);
    assert.throws(() => verifyMac(netlist, int4, { terms, ports: { weight: "w" } }), /no port w/);
    assert.throws(() => verifyMac(netlist, int4, { terms, elements: 3 }), /4 bits, expected a multiple of 3/);
  });
});

describe("mutants", () => {
  for (const [name, library, reference, checks] of cases.slice(0, 3)) {
    it(`every mutant of ${name} in ${library} is caught, or proven to compute the same`, function () {
      this.timeout(60_000);
      const netlist = golden(name, library);
      let killed = 0;
      const survivors = [];
      for (const mutant of mutants(netlist)) {
        try {
          verifyMac(mutant.netlist, reference, checks);
          survivors.push(mutant);
        } catch (e) {
          assert.ok(e instanceof UserError);
          killed++;
        }
      }
      assert.ok(killed >= netlist.gates.length * 0.95, `${killed} of ${netlist.gates.length} gates`);
      for (const { change, netlist: mutant } of survivors) assert.ok(equivalent(netlist, mutant), change);
    });
  }

  it("equivalent tells a netlist from its mutants", () => {
    const netlist = golden("int4", "generic");
    assert.equal(equivalent(netlist, { ...netlist, outputs: { sum: netlist.outputs.sum! } }), true);
    assert.equal(equivalent(netlist, [...mutants(netlist)][40]!.netlist), false);
  });
});
