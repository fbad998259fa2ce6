import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getElement } from "../../formats/elements/index.ts";
import { UserError } from "../../formats/error.ts";
import { libraryById } from "../../hwmodel/libraries/index.ts";
import {
  diskCache,
  nativeYosys,
  recipeById,
  synthesize,
  synthesizeMac,
  wasmYosys,
  type Yosys,
} from "../../hwmodel/synthesis/index.ts";

const failing = (message: string): Yosys => ({
  version: "none",
  run: async () => {
    throw new UserError(message);
  },
  close: async () => {},
});

const installed = (() => {
  try {
    return import.meta.resolve("@yowasp/yosys") !== "";
  } catch {
    return false;
  }
})();

const refused = (pattern: RegExp) => (error: unknown) => error instanceof UserError && pattern.test(error.message);

describe("synthesizeMac", () => {
  const yosys = wasmYosys(1);
  before(function () {
    if (!installed) {
      console.log("      @yowasp/yosys is not installed: nothing to synthesize with");
      this.skip();
    }
  });
  const amap = [recipeById("amap")];
  after(() => yosys.close());

  it("gives the INT4 MAC 243 gate equivalents in the generic library, proven over all 256 pairs of codes", async () => {
    const int4 = getElement("int4");
    const recipes = [recipeById("default")];
    const { cost, proof, recipe } = await synthesizeMac(int4, int4, {
      yosys,
      structures: ["twos-complement"],
      recipes,
    });
    assert.ok(Math.abs(cost.areaGe - 243.2) < 1.5, `${cost.areaGe}`);
    assert.ok(Math.abs(cost.multiplierGe - 76) < 2, `${cost.multiplierGe}`);
    assert.equal(cost.provenance, "synthesized");
    assert.equal(cost.relativeError, 0.012);
    assert.equal(cost.accumulatorBits, 16);
    assert.equal(cost.delayPs, null);
    assert.equal(recipe, "default");
    assert.equal(proof.codePairs, 256);
    assert.equal(proof.sequenceTerms, 256);
  });

  it("maps adders and flip-flops with inverted outputs (ASAP7), and reports a delay where cells have one", async () => {
    const e2m1 = getElement("e2m1");
    const { cost } = await synthesizeMac(e2m1, e2m1, {
      yosys,
      library: libraryById("asap7"),
      structures: ["float-two-shifts"],
      recipes: amap,
      inputRegisters: true,
      clear: true,
    });
    assert.equal(cost.node, "asap7");
    assert.ok(cost.areaUm2 > 13 && cost.areaUm2 < 22, `${cost.areaUm2}`);
    assert.ok(cost.delayPs! > 300 && cost.delayPs! < 1500, `${cost.delayPs}`);
  });

  it("proves prefix adders with a product register: faster and larger", async () => {
    const int3 = getElement("int3");
    const options = { yosys, recipes: amap, library: libraryById("sky130") };
    const ripple = await synthesizeMac(int3, int3, { ...options, structures: ["twos-complement"] });
    const prefix = await synthesizeMac(int3, int3, {
      ...options,
      structures: ["twos-complement"],
      adder: "prefix",
      productRegister: true,
    });
    assert.ok(prefix.cost.delayPs! < 0.7 * ripple.cost.delayPs!, `${prefix.cost.delayPs} ${ripple.cost.delayPs}`);
    assert.ok(prefix.cost.areaGe > ripple.cost.areaGe);
  });

  it("meets a clock period with the smallest circuit that does, or names the fastest", async () => {
    const int3 = getElement("int3");
    const recipes = [recipeById("fast")];
    const options = { yosys, recipes, library: libraryById("asap7"), structures: ["twos-complement"] };
    const { cost, rtl } = await synthesizeMac(int3, int3, { ...options, maxDelayPs: 350 });
    assert.ok(cost.delayPs! <= 350 && cost.delayPs! > 100, `${cost.delayPs}`);
    assert.match(cost.variant, /prefix adders/);
    assert.ok(rtl.latency <= 2);
    await assert.rejects(
      synthesizeMac(int3, int3, { ...options, adder: "prefix", productRegister: true, maxDelayPs: 20 }),
      refused(/no circuit meets 20 ps; the fastest/),
    );
    await assert.rejects(
      synthesizeMac(int3, int3, { ...options, library: libraryById("generic"), maxDelayPs: 350 }),
      refused(/library generic: .*no clock period/),
    );
  });

  it("names the cause when synthesis fails, and never gives an area", async () => {
    const int4 = getElement("int4");
    await assert.rejects(synthesizeMac(int4, int4, { yosys: failing("no Yosys here") }), refused(/no Yosys here/));
    await assert.rejects(
      synthesizeMac(int4, int4, { yosys, structures: ["lookup"] }),
      refused(/structure lookup: not one/),
    );
    await assert.rejects(
      synthesizeMac(int4, int4, { yosys, objective: "delay" }),
      refused(/library generic: its cells have no delay/),
    );
    const broken = { top: "broken", verilog: "module broken (input a, output b)\nassign b = a;\nendmodule\n" };
    await assert.rejects(
      synthesize(broken, libraryById("generic"), { yosys, recipes: amap }),
      refused(/synthesis of broken in generic: .*ERROR.*syntax error/),
    );
    const unknown = {
      top: "top",
      verilog: "module top (input a, output b);\nSECRET_CELL c (.a(a), .b(b));\nendmodule\n",
    };
    await assert.rejects(synthesize(unknown, libraryById("generic"), { yosys, recipes: amap }), refused(/SECRET_CELL/));
    await assert.rejects(nativeYosys("no-such-yosys"), refused(/no-such-yosys: not found on PATH/));
  });

  it("ends a synthesis that runs out of time and works again after", async () => {
    const own = wasmYosys(1);
    const int3 = getElement("int3");
    const options = { yosys: own, structures: ["twos-complement"], recipes: amap };
    await assert.rejects(
      synthesizeMac(int3, int3, { ...options, timeoutMs: 1 }),
      refused(/ran out of time \(0.001 s\)/),
    );
    const { cost } = await synthesizeMac(int3, int3, options);
    assert.ok(cost.areaGe > 150 && cost.areaGe < 220);
    await own.close();
  });

  it("takes a cached netlist instead of synthesizing, and synthesizes anew where the entry is damaged", async () => {
    const folder = await mkdtemp(join(tmpdir(), "bitfrontier-"));
    const cache = diskCache(folder);
    const int3 = getElement("int3");
    const options = { structures: ["twos-complement"], recipes: amap, cache };
    const first = await synthesizeMac(int3, int3, { ...options, yosys });
    const offline = { ...failing("not cached"), version: yosys.version };
    const second = await synthesizeMac(int3, int3, { ...options, yosys: offline });
    assert.deepEqual(second.cost, first.cost);
    const [entry] = await readdir(folder, { recursive: true }).then((names) => names.filter((n) => n.endsWith(".gz")));
    await writeFile(join(folder, entry!), "damaged");
    await assert.rejects(synthesizeMac(int3, int3, { ...options, yosys: offline }), refused(/not cached/));
    await rm(folder, { recursive: true });
  });
});
