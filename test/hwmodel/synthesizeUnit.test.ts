import assert from "node:assert/strict";
import { parseFormat, UserError } from "../../formats/index.ts";
import { libraryById } from "../../hwmodel/libraries/index.ts";
import { compile, mutants, verifyFloat32Unit } from "../../hwmodel/netlist/index.ts";
import { costOfPair, recipeById, synthesizeUnit, verilogOfPair, wasmYosys } from "../../hwmodel/synthesis/index.ts";
import { parseUnit } from "../../hwmodel/unit.ts";
import { UNIT_MODEL_ERROR } from "../../hwmodel/unitCost.ts";
import { golden } from "./netlists.ts";

const refused = (pattern: RegExp) => (error: unknown) => error instanceof UserError && pattern.test(error.message);
const installed = (() => {
  try {
    return import.meta.resolve("@yowasp/yosys") !== "";
  } catch {
    return false;
  }
})();

describe("synthesizeUnit", () => {
  const yosys = wasmYosys(1);
  const recipes = [recipeById("amap")];
  before(function () {
    if (!installed) {
      console.log("      @yowasp/yosys is not installed: nothing to synthesize with");
      this.skip();
    }
  });
  after(() => yosys.close());

  it("proves a block of two E2M1 with E8M0 scales over all pairs of codes, and no gate of it can be another", async () => {
    const mx = parseFormat("mxfp4");
    const unit = parseUnit("block2", 32);
    const structures = ["float-two-shifts"];
    const { cost, proof, netlist, rtl } = await synthesizeUnit(mx, mx, unit, { yosys, recipes, structures });
    assert.deepEqual([proof.codePairs, proof.allPairs], [256, 256]);
    assert.deepEqual([cost.unit, cost.elements, cost.accumulatorBits], ["block2", 2, 32]);
    assert.ok(cost.areaGe > 700 && cost.areaGe < 1000, `${cost.areaGe}`);
    assert.match(cost.source, /proven over 256 pairs of codes at each of 2 elements/);
    assert.ok(rtl.kind === "float32");
    const few = [...mutants(netlist)].filter((_, i) => i % 197 === 0);
    assert.ok(few.length > 5);
    for (const { netlist: mutant, change } of few) {
      assert.throws(() => verifyFloat32Unit(mutant, rtl.rtl), refused(/expected/), change);
    }
  });

  it("decodes a group's choice of codebook once for the elements of a dot product", async () => {
    const [if3, int3] = [parseFormat("if3"), parseFormat("int3")];
    const library = libraryById("asap7");
    const made = await synthesizeUnit(if3, int3, parseUnit("dot2", 16), { yosys, recipes, library });
    assert.match(made.cost.variant, /choice of codebook decoded/);
    // Of 4 bits with the choice two codes are the zero's second, of INT3 none is reserved.
    assert.ok(made.proof.codePairs >= 14 * 8 && made.proof.codePairs <= 128, `${made.proof.codePairs}`);
    assert.ok(made.cost.delayPs! > 100 && made.cost.energyFj! > made.cost.zeroDelayFj! && made.cost.zeroDelayFj! > 1);
  });
});

describe("costOfPair", () => {
  it("adds FP16 products as float32, and refuses an exact sum of them", async () => {
    const cost = await costOfPair("int4", "fp16");
    assert.deepEqual([cost.accumulatorBits, cost.provenance, cost.relativeError], [32, "modelled", UNIT_MODEL_ERROR]);
    await assert.rejects(
      costOfPair("int4", "fp16", { accumulator: "exact" }),
      refused(/added as float32, not exactly/),
    );
    await assert.rejects(costOfPair("int4", "fp16", { unit: "dot8" }), refused(/added as float32, not exactly/));
    await assert.rejects(costOfPair("int4", "fp17"), refused(/unknown element "fp17"/));
    const [exact, float32] = [
      await costOfPair("e4m3", "e4m3"),
      await costOfPair("e4m3", "e4m3", { accumulator: "float32" }),
    ];
    assert.ok(float32.areaGe > 1.7 * exact.areaGe);
  });

  it("takes a block's size and scales from the weight's format", async () => {
    const nv = await costOfPair("nvfp4", "nvfp4", { unit: "block" });
    assert.deepEqual([nv.weight, (nv as { elements?: number }).elements], ["nvfp4", 16]);
    const half = await costOfPair("e2m1@g32", "int8@tensor", { unit: "block16" });
    assert.ok(half.areaGe > 200);
    for (const [id, unit, message] of [
      ["int4@row", "block", /a group of a whole row is no block; say blockN/],
      ["int4@g256", "block", /a group of 256; say blockN/],
      ["int4@g32", "block24", /24 elements do not divide groups of 32/],
      ["uint4@g32", "block", /no zero point/],
      ["int4", "dot1", /2 to 128 elements/],
      ["int4", "tree", /unit tree: expected mac, dotN, block or blockN/],
    ] as const) {
      await assert.rejects(costOfPair(id, "int8@tensor", { unit }), refused(message), `${id} ${unit}`);
    }
  });

  it("writes the Verilog of the same circuit", () => {
    assert.match(verilogOfPair("int4", "fp16"), /module float32_1_int4_x_fp16 \(/);
    assert.match(verilogOfPair("mxfp4", "mxfp4", { unit: "block" }), /input wire \[7:0\] weight_scale,/);
    assert.match(verilogOfPair("int4", "int8", { unit: "dot8" }), /module dot8_int4_x_int8 \(/);
    assert.match(verilogOfPair("int4", "int8"), /module mac_int4_x_int8 \(/);
  });
});

describe("Simulation.load", () => {
  it("puts a sum into the flip-flops behind a port, through inverters too", () => {
    for (const [name, library] of [
      ["int4", "generic"],
      ["e2m1", "asap7"],
    ] as const) {
      const simulation = compile(golden(name, library));
      const { length } = simulation.get("sum");
      const words = Int32Array.from({ length }, (_, i) => 0x9e3779b9 * (i + 1));
      simulation.load("sum", words);
      simulation.settle();
      assert.deepEqual(simulation.get("sum"), words);
    }
    assert.throws(() => compile(golden("int4", "generic")).load("weight", [0]), refused(/weight is no register/));
  });
});
