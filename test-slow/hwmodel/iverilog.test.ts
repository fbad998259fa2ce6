import assert from "node:assert/strict";
import { getElement } from "../../formats/index.ts";
import { type CellLibrary, libraryById, parseLiberty, toLiberty } from "../../hwmodel/libraries/index.ts";
import { compile, laneValue, type Netlist, toVerilog, toWords } from "../../hwmodel/netlist/index.ts";
import { randomBits } from "../../hwmodel/netlist/random.ts";
import { float32UnitVerilog, formatScale } from "../../hwmodel/rtl/index.ts";
import { parseOperand, recipeById, synthesizeMac, wasmYosys } from "../../hwmodel/synthesis/index.ts";
import { unitOperand } from "../../hwmodel/synthesis/synthesizeUnit.ts";
import { parseUnit } from "../../hwmodel/unit.ts";
import { golden, goldenText } from "../../test/hwmodel/netlists.ts";
import { missing, osuLiberty, osuModels, read, simulate } from "./tools.ts";

/** All pairs of 4-bit codes, twice, in an order that jumps about. */
const CODES = Array.from({ length: 512 }, (_, i) => (i * 77 + (i >> 8) * 13) % 256);
/** Cycles in which a clear is given, where there is one. */
const CLEARS = [0, 1, 200, 300, 301];

/** A bench that applies the codes and prints the accumulator after every rising edge. */
function bench(top: string, bits: number, clear: boolean): string {
  const stimuli = CODES.map((code, t) => {
    const cleared = clear ? `clear = ${CLEARS.includes(t) ? 1 : 0}; ` : "";
    return `    ${cleared}weight = ${code >> 4}; activation = ${code & 15}; #5 clk = 1; #5 clk = 0; $display("%b", sum);`;
  });
  return `module bench;
  reg clk, clear; reg [3:0] weight, activation; wire [${bits - 1}:0] sum;
  ${top} mac (.clk(clk), ${clear ? ".clear(clear), " : ""}.weight(weight), .activation(activation), .sum(sum));
  initial begin
    clk = 0; clear = 0; weight = 0; activation = 0; #5;
${stimuli.join("\n")}
    $finish;
  end
endmodule
`;
}

/** The same by our evaluator. */
function ours(netlist: Netlist, clear: boolean): string[] {
  const simulation = compile(netlist);
  const words = new Int32Array(4);
  const set = (port: string, code: number) => {
    toWords([code], 4, words);
    simulation.set(port, words);
  };
  return CODES.map((code, t) => {
    if (clear) simulation.set("clear", [CLEARS.includes(t) ? -1 : 0]);
    set("weight", code >> 4);
    set("activation", code & 15);
    simulation.tick();
    simulation.settle();
    const sum = simulation.get("sum");
    return laneValue(sum, 0).toString(2).padStart(sum.length, "0");
  });
}

/** Verilog models of a library, its functions taken as text: Liberty's signs are Verilog's but for !, * and +. */
function models(library: CellLibrary): string {
  const text = (logic: string) => logic.replaceAll("!", "~").replaceAll("*", "&").replaceAll("+", "|");
  return library.cells
    .map(({ name, inputs, outputs, register }) => {
      const ports = [...inputs.map((p) => `input ${p.name}`), ...outputs.map((p) => `output ${p.name}`)].join(", ");
      const state = register
        ? `reg ${register.state} = 0; wire ${register.inverse} = ~${register.state};
           always @(posedge ${register.clock}) ${register.state} <= ${text(register.next)};`
        : "";
      const assigns = outputs.map((p) => `assign ${p.name} = ${text(p.function)};`).join(" ");
      return `module ${name} (${ports}); ${state} ${assigns} endmodule`;
    })
    .join("\n");
}

// An optional dependency.
const yowasp = await import("@yowasp/yosys").catch(() => null);

describe("iverilog", function () {
  this.timeout(300_000);
  const absent = yowasp ? missing(["iverilog"]) : "@yowasp/yosys not installed";

  for (const [name, id, clear] of [
    ["int4", "generic", false],
    ["int4-clear", "sky130", true],
    ["e2m1", "asap7", false],
    ["e2m1-registers", "generic", false],
    ["e2m1", "ihp130", false],
  ] as const) {
    it(`simulates ${name} in ${id} as our evaluator does, cycle by cycle${absent && ` (skipped: ${absent})`}`, async function () {
      if (absent || !yowasp) return this.skip();
      const library = libraryById(id);
      const netlist = golden(name, id);
      // Yosys itself turns its JSON into Verilog: our reader and writer are not in this path.
      const out = (await yowasp.runYosys(
        ["-q", "-p", "read_liberty -lib l.lib; read_json n.json; write_verilog -noattr n.v"],
        {
          "l.lib": toLiberty(library),
          "n.json": goldenText(name, id),
        },
      )) as Record<string, string>;
      const bits = netlist.outputs.sum!.length;
      const files = { "netlist.v": out["n.v"]!, "cells.v": models(library), "bench.v": bench("mac", bits, clear) };
      const theirs = simulate(files);
      assert.deepEqual(theirs, ours(netlist, clear));
      // The same from our own writer.
      assert.deepEqual(simulate({ ...files, "netlist.v": toVerilog(netlist) }), theirs);
    });
  }

  const osuAbsent = absent || missing([], [osuLiberty, osuModels]);
  for (const id of ["int4", "e2m1+sr", "apot4"]) {
    it(`simulates ${id} in a vendor's cells with the vendor's own models${osuAbsent && ` (skipped: ${osuAbsent})`}`, async function () {
      if (osuAbsent) return this.skip();
      const yosys = wasmYosys(1);
      try {
        const library = parseLiberty(read(osuLiberty), "osu018_stdcells.lib");
        const element = getElement(id);
        const recipes = [recipeById("amap")];
        const { netlist } = await synthesizeMac(element, element, { yosys, library, clear: true, recipes });
        const bits = netlist.outputs.sum!.length;
        const theirs = simulate({
          "netlist.v": toVerilog(netlist),
          "cells.v": read(osuModels),
          "bench.v": bench(netlist.name, bits, true),
        });
        // The clear in the first cycle ends the unknown state that the vendor's flip-flops start in.
        assert.deepEqual(theirs, ours(netlist, true));
      } finally {
        await yosys.close();
      }
    });
  }

  const unitsAbsent = missing(["iverilog"]);
  for (const [weight, activation, name] of [
    ["int4", "fp16", "mac"],
    ["nvfp4", "nvfp4", "block"],
    ["bitmod4@g32", "int8@tensor", "block4"],
  ] as const) {
    it(`runs the Verilog of ${weight} x ${activation}, ${name}, bit for bit as our arithmetic${unitsAbsent && ` (skipped: ${unitsAbsent})`}`, function () {
      if (unitsAbsent) return this.skip();
      const [w, x] = [parseOperand(weight), parseOperand(activation)];
      const unit = parseUnit(name, "group" in w ? w.group : 1, "float32");
      const scale = (operand: typeof w) => (unit.scaled && "group" in operand ? formatScale(operand) : null);
      const { elements } = unit;
      const options = { elements, scales: [scale(w), scale(x)] as const, clear: true };
      const rtl = float32UnitVerilog(unitOperand(w), unitOperand(x), options);
      const random = randomBits(7);
      const below = (limit: number) => (random() >>> 0) % limit;
      const lines: string[] = [];
      const expected: string[] = [];
      let sum = 0;
      for (let step = 0; step < 400; step++) {
        const clear = step % 37 === 0;
        const sides = [rtl.ports.weight, rtl.ports.activation].map(({ bits, choiceBits, scaleBits }) => {
          const choice = below(2 ** choiceBits);
          return {
            bits,
            choiceBits,
            scaleBits,
            choice,
            codes: Array.from({ length: elements }, () => below(2 ** bits)),
            scale: below(2 ** scaleBits),
          };
        });
        const [a, b] = sides as [(typeof sides)[0], (typeof sides)[0]];
        const full = (side: typeof a) => side.codes.map((code) => code + side.choice * 2 ** side.bits);
        const next = rtl.next(clear ? 0 : sum, full(a), full(b), [a.scale, b.scale]);
        if (next === null) continue;
        sum = next;
        expected.push(sum.toString(16).padStart(8, "0"));
        const ports = sides.flatMap((side, i) => {
          const port = ["weight", "activation"][i];
          const bus = side.codes
            .map((code) => `${side.bits}'d${code}`)
            .reverse()
            .join(", ");
          return [
            `${port} = {${bus}};`,
            ...(side.choiceBits > 0 ? [`${port}_choice = ${side.choice};`] : []),
            ...(side.scaleBits > 0 ? [`${port}_scale = ${side.scale};`] : []),
          ];
        });
        lines.push(
          `    clear = ${Number(clear || lines.length === 0)}; ${ports.join(" ")} #5 clk = 1; #5 clk = 0; $display("%h", sum);`,
        );
        if (lines.length === 1) {
          sum = rtl.next(0, full(a), full(b), [a.scale, b.scale])!;
          expected[0] = sum.toString(16).padStart(8, "0");
        }
      }
      assert.ok(expected.length > 300);
      const wires = Object.entries(rtl.ports).flatMap(([port, { bits, choiceBits, scaleBits }]) => [
        [port, elements * bits] as const,
        ...(choiceBits > 0 ? [[`${port}_choice`, choiceBits] as const] : []),
        ...(scaleBits > 0 ? [[`${port}_scale`, scaleBits] as const] : []),
      ]);
      const bench = `module bench;
  reg clk, clear; wire [31:0] sum;
${wires.map(([port, bits]) => `  reg [${bits - 1}:0] ${port};`).join("\n")}
  ${rtl.top} unit (.clk(clk), .clear(clear), .sum(sum), ${wires.map(([port]) => `.${port}(${port})`).join(", ")});
  initial begin
    clk = 0; #5;
${lines.join("\n")}
    $finish;
  end
endmodule
`;
      assert.deepEqual(simulate({ "unit.v": rtl.verilog, "bench.v": bench }), expected);
    });
  }
});
