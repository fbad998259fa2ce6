import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { libraryById } from "../../hwmodel/libraries/index.ts";
import { compile, laneValue, readYosysJson } from "../../hwmodel/netlist/index.ts";
import { golden, goldenText } from "./netlists.ts";

const generic = libraryById("generic");

type Bits = (number | string)[];
/** A module with inputs a, b (bits 2, 3) and clk (4), and output y. */
const module = (y: Bits, cells: Record<string, [string, Record<string, Bits>]>) =>
  JSON.stringify({
    modules: {
      m: {
        ports: {
          a: { direction: "input", bits: [2] },
          b: { direction: "input", bits: [3] },
          clk: { direction: "input", bits: [4] },
          y: { direction: "output", bits: y },
        },
        cells: Object.fromEntries(Object.entries(cells).map(([k, [type, connections]]) => [k, { type, connections }])),
      },
    },
  });
const fails = (text: string, pattern: RegExp) =>
  assert.throws(
    () => readYosysJson(text, generic),
    (e) => e instanceof UserError && pattern.test(e.message),
    text.slice(0, 80),
  );

describe("readYosysJson", () => {
  it("orders gates by what drives them, whatever their order in the file", () => {
    const { gates } = readYosysJson(
      module([6], { last: ["NAND2", { A: [5], B: [2], Y: [6] }], first: ["INV", { A: [3], Y: [5] }] }),
      generic,
    );
    assert.deepEqual(
      gates.map((gate) => gate.name),
      ["first", "last"],
    );
  });

  it("computes gates, cells of two outputs and constants, and skips $scopeinfo", () => {
    const netlist = readYosysJson(
      module([5, 6, 7, 8], {
        $scopeinfo: ["$scopeinfo", {}],
        nand: ["NAND2", { A: [2], B: [3], Y: [5] }],
        sum: ["HA", { A: [2], B: [3], S: [6], CO: [7] }],
        mux: ["MUX2", { A: [2], B: ["1"], S: [3], Y: [8] }],
      }),
      generic,
    );
    const simulation = compile(netlist);
    simulation.set("a", [0b1010]);
    simulation.set("b", [0b1100]);
    simulation.settle();
    const y = simulation.get("y");
    assert.deepEqual(
      [...y].map((word) => word & 15),
      [0b0111, 0b0110, 0b1000, 0b1110],
    );
    assert.equal(laneValue(y, 3), 0b1100n);
  });

  it("reads flip-flops, and keeps the clock out of the inputs", () => {
    const netlist = golden("int4", "generic");
    assert.equal(netlist.clock, "clk");
    assert.deepEqual(Object.keys(netlist.inputs).sort(), ["activation", "weight"]);
    assert.equal(netlist.registers.length, 16);
    assert.equal(netlist.outputs.sum!.length, 16);
  });

  it("names a cell that the library does not have", () => {
    assert.throws(
      () => readYosysJson(goldenText("e2m1", "asap7"), libraryById("sky130")),
      (e) => e instanceof UserError && /is a \w+_ASAP7_75t_R, which library sky130 does not have/.test(e.message),
    );
    fails(module([5], { x: ["$_AND_", { A: [2], B: [3], Y: [5] }] }), /cell x is a \$_AND_, which library generic/);
  });

  it("names a cell in a combinational loop", () => {
    const loop = module([6], { p: ["NAND2", { A: [2], B: [6], Y: [5] }], q: ["INV", { A: [5], Y: [6] }] });
    fails(loop, /netlist m: combinational loop through cell [pq]/);
    fails(module([5], { self: ["INV", { A: [5], Y: [5] }] }), /combinational loop through cell self/);
  });

  it("rejects undriven, undefined, doubly driven and unconnected nets", () => {
    fails(module([9], {}), /a bit of output y is not driven/);
    fails(module([5], { x: ["INV", { A: [9], Y: [5] }] }), /an input of cell x is not driven/);
    fails(module([5], { x: ["INV", { A: ["x"], Y: [5] }] }), /pin A of cell x is "x"/);
    fails(module([5], { x: ["INV", { Y: [5] }] }), /pin A of cell x is not connected/);
    fails(module([2], { x: ["INV", { A: [3], Y: [2] }] }), /drives a net that has another driver/);
    fails(module(["0"], { x: ["INV", { A: [3], Y: ["0"] }] }), /another driver/);
  });

  it("rejects several clocks, gated clocks and resets in use", () => {
    const dff = (clock: number, d: number, q: number): [string, Record<string, Bits>] => [
      "DFF",
      { D: [d], CK: [clock], Q: [q] },
    ];
    fails(module([6], { p: dff(4, 2, 5), q: dff(3, 5, 6) }), /cell q has another clock/);
    fails(module([6], { i: ["INV", { A: [4], Y: [5] }], p: dff(5, 2, 6) }), /gated and divided clocks/);
    const reset = (value: Bits) => module([6], { p: ["sg13g2_dfrbp_1", { D: [2], CLK: [4], RESET_B: value, Q: [6] }] });
    const ihp = libraryById("ihp130");
    assert.equal(readYosysJson(reset(["1"]), ihp).registers.length, 1);
    assert.throws(() => readYosysJson(reset([3]), ihp), /RESET_B of cell p is not tied to 1/);
  });

  it("rejects text that Yosys did not write", () => {
    fails("", /not JSON/);
    fails("[]", /file is missing or not an object/);
    fails("{}", /modules is missing/);
    fails('{"modules":{}}', /0 modules, expected one/);
    fails('{"modules":{"m":{"ports":{"a":{"direction":"input"}},"cells":{}}}}', /port a has no bits/);
    fails('{"modules":{"m":{"ports":{},"cells":{"c":{"type":"INV","connections":{"A":2}}}}}}', /not a list of bits/);
    fails('{"modules":{"m":{"ports":{},"cells":{"c":null}}}}', /c is missing or not an object/);
    assert.throws(() => readYosysJson(module([2], {}), generic, "other"), /no module other/);
  });
});
