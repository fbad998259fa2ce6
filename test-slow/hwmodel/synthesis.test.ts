import assert from "node:assert/strict";
import { getElement } from "../../formats/elements/index.ts";
import { libraryById } from "../../hwmodel/libraries/index.ts";
import { mutants } from "../../hwmodel/netlist/mutants.ts";
import { verifyFloat32Unit } from "../../hwmodel/netlist/verifyFloat32Unit.ts";
import { verifyMac } from "../../hwmodel/netlist/verifyMac.ts";
import { PUBLISHED } from "../../hwmodel/published.ts";
import { blockScale, dotVerilog, float32UnitVerilog, macStructures, macVerilog } from "../../hwmodel/rtl/index.ts";
import {
  cellArea,
  nativeYosys,
  recipeById,
  synthesize,
  synthesizeMac,
  tabulatedMac,
  wasmYosys,
} from "../../hwmodel/synthesis/index.ts";

const LIBRARIES = ["generic", "asap7", "sky130", "gf180", "ihp130"];

describe("synthesis with Yosys", function () {
  this.timeout(600_000);
  const yosys = wasmYosys();
  const amap = [recipeById("amap")];
  after(() => yosys.close());

  it("gives accumulators of the paper's ten widths within 3 % on average, by one constant for all", async () => {
    const int4 = getElement("int4");
    const widths = [...new Set(PUBLISHED.map(({ accumulatorBits }) => accumulatorBits))];
    const areas = new Map<number, number>();
    for (const bits of widths) {
      // 2^(bits − 8) products of up to 64 need so many bits.
      const options = { yosys, structures: ["twos-complement"], recipes: amap, terms: 2 ** (bits - 8) };
      const { cost } = await synthesizeMac(int4, int4, options);
      assert.equal(cost.accumulatorBits, bits);
      areas.set(bits, cost.accumulatorGe);
    }
    const pairs = PUBLISHED.map((p) => [areas.get(p.accumulatorBits)!, p.accumulatorUm2] as const);
    const constant = pairs.reduce((s, [x, y]) => s + x * y, 0) / pairs.reduce((s, [x]) => s + x * x, 0);
    const errors = pairs.map(([x, y]) => Math.abs((constant * x) / y - 1));
    const mean = errors.reduce((s, e) => s + e, 0) / errors.length;
    assert.ok(mean < 0.03, `mean ${mean}, constant ${constant}`);
    assert.ok(constant > 0.48 && constant < 0.53, `${constant}`);
    // E2M1+SP (96.5 um2 for 19 bits, less than the paper's 97 for 18) and E2M1-B are off by 5–6 % in any such fit.
    assert.ok(errors.filter((e) => e > 0.035).length <= 2, errors.join(" "));
  });

  it("synthesizes and proves a 4-bit MAC in under 2 s once warm", async () => {
    const e2m1 = getElement("e2m1");
    const options = { yosys, structures: ["float-two-shifts"] };
    await synthesizeMac(e2m1, e2m1, options);
    const started = performance.now();
    await synthesizeMac(e2m1, e2m1, options);
    const seconds = (performance.now() - started) / 1000;
    assert.ok(seconds < 2, `${seconds} s`);
  });

  for (const library of LIBRARIES) {
    it(`proves every structure of six pairs in ${library}, with ripple and prefix adders, registers and clear`, async () => {
      for (const [weight, activation] of [
        ["int4", "int4"],
        ["e2m1+sr", "e2m1+sp"],
        ["apot4", "int8"],
        ["nf3", "e3m0"],
        ["e2m1", "e2m3"],
        ["int3", "e2m1"],
      ]) {
        const [w, x] = [getElement(weight!), getElement(activation!)];
        for (const structure of macStructures(w, x)) {
          for (const adder of ["ripple", "prefix"] as const) {
            const fused = structure.endsWith("-fused");
            const options = { structure, adder, clear: true, inputRegisters: true, productRegister: !fused };
            const rtl = macVerilog(w, x, options);
            const [found] = await synthesize(rtl, libraryById(library), { yosys, recipes: amap });
            const checks = { terms: 256, latency: rtl.latency, clear: { port: "clear", loads: "product" as const } };
            assert.ok(verifyMac(found!.netlist, rtl.reference, checks).checks > 0);
          }
        }
      }
    });
  }

  it("makes the committed table again: ten formats of the paper in three libraries, to 0.1 %", async () => {
    for (const library of ["generic", "asap7", "sky130"]) {
      for (const { format } of PUBLISHED) {
        const element = getElement(format);
        const { cost } = await synthesizeMac(element, element, { yosys, library: libraryById(library) });
        const row = tabulatedMac(format, format, library)!;
        assert.ok(Math.abs(cost.areaGe / row.areaGe - 1) < 1e-3, `${format} in ${library}: ${cost.areaGe}`);
      }
    }
  });

  it("halves the cost of a MAC in a dot-product unit of 32 elements", async () => {
    const generic = libraryById("generic");
    // GE per MAC of an independent generator (facts of the project): INT4 109, E2M1 126, E3M0 155.
    for (const [id, structure, expected] of [
      ["int4", "twos-complement-fused", 109],
      ["e2m1", "float-two-shifts", 126],
      ["e3m0", "float-biased", 155],
    ] as const) {
      const rtl = dotVerilog(getElement(id), getElement(id), { elements: 32, structure });
      const [found] = await synthesize(rtl, generic, { yosys, recipes: amap });
      verifyMac(found!.netlist, rtl.reference, { terms: rtl.terms, elements: 32 });
      const each = cellArea(found!.netlist, generic) / 32;
      assert.ok(Math.abs(each / expected - 1) < 0.12, `${id}: ${each} GE per MAC, expected about ${expected}`);
    }
  });

  it("builds MXFP4 and NVFP4 units and float32 MACs bit-true to their arithmetic, at the cost an independent generator found", async () => {
    const generic = libraryById("generic");
    // GE per MAC at 45 nm, with float32 accumulation (facts of the project).
    for (const [id, elements, scale, structure, expected] of [
      ["e2m1", 32, "e8m0", "float-two-shifts", 166],
      ["e2m1", 16, "e4m3", "float-two-shifts", 254],
      ["int8", 32, "e8m0", "twos-complement", 462],
      ["e4m3", 1, null, undefined, 1382],
      ["e5m2", 1, null, undefined, 1344],
    ] as const) {
      const element = getElement(id);
      const stored = scale === null ? null : blockScale(scale);
      const rtl = float32UnitVerilog(element, element, {
        elements,
        scales: [stored, stored],
        ...(structure ? { structure } : {}),
      });
      const [found] = await synthesize(rtl, generic, { yosys, recipes: amap });
      const { codePairs, allPairs } = verifyFloat32Unit(found!.netlist, rtl);
      assert.equal(codePairs, allPairs);
      const each = cellArea(found!.netlist, generic) / elements;
      assert.ok(Math.abs(each / expected - 1) < 0.15, `${rtl.variant} ${id}: ${each} GE per MAC, there ${expected}`);
    }
  });

  it("gives the same areas with a native Yosys to 3 %, where one is installed", async function () {
    const native = await nativeYosys().catch((error: Error) => {
      console.log(`      ${error.message}`);
      return this.skip();
    });
    const [int4, recipes] = [getElement("int4"), [recipeById("default"), recipeById("amap")]];
    const options = { structures: ["twos-complement"], recipes };
    const other = await synthesizeMac(int4, int4, { ...options, yosys: native });
    const ours = await synthesizeMac(int4, int4, { ...options, yosys });
    assert.ok(Math.abs(other.cost.areaGe / ours.cost.areaGe - 1) < 0.03, `${other.cost.areaGe}`);
  });

  it("is a proof that can fail: no mutant of an E2M1 MAC passes", async () => {
    const e2m1 = getElement("e2m1");
    const { netlist, rtl } = await synthesizeMac(e2m1, e2m1, { yosys, structures: ["float"], recipes: amap });
    let killed = 0;
    for (const { netlist: mutant, change } of mutants(netlist)) {
      assert.throws(() => verifyMac(mutant, rtl.reference, { terms: 256 }), /expected/, change);
      killed++;
    }
    assert.ok(killed > 50, `${killed}`);
  });
});
