import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultSweepElements, listElements } from "../../formats/index.ts";
import { cli } from "./io.ts";
import { writeTinyModel } from "./tinyModel.ts";

describe("bitfrontier formats", () => {
  it("lists every element", async () => {
    const { code, out, err } = await cli("formats");
    assert.deepEqual([code, err], [0, ""]);
    for (const { id } of listElements()) assert.ok(out.includes(`\n${id} `), id);
    assert.equal(JSON.parse((await cli("formats", "--json")).out).elements.length, listElements().length);
  });

  it("prints a sheet with the values, also as JSON", async () => {
    const { code, out } = await cli("formats", "e2m1+sr@g64");
    assert.equal(code, 0);
    // Learning from Students: E2M1 with its second zero at +8.
    assert.match(out, /-6 +-4 +-3 +-2 +-1\.5 +-1 +-0\.5 +0 +0\.5 +1 +1\.5 +2 +3 +4 +6 +8/);
    const sheet = JSON.parse((await cli("formats", "e2m1+sr@g64", "--json")).out);
    assert.deepEqual([sheet.bits, sheet.bitsPerWeight, sheet.range.max], [4, 4.25, 8]);
  });

  it("names the nearest of an unknown id", async () => {
    const { code, out, err } = await cli("formats", "e2m1+sx");
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /^bitfrontier: unknown element "e2m1\+sx"; did you mean e2m1\+s[rp]/);
  });
});

describe("bitfrontier area", () => {
  it("costs the formats of the default sweep, each figure with its provenance", async () => {
    const { code, out } = await cli("area", "--json");
    assert.equal(code, 0);
    const costs = JSON.parse(out);
    assert.deepEqual(
      costs.map((cost: { weight: string }) => cost.weight),
      defaultSweepElements,
    );
    for (const cost of costs) assert.equal(cost.provenance, "modelled");
  });

  it("adds the paper's figures on request and keeps them apart", async () => {
    const costs = JSON.parse((await cli("area", "int4", "sf4", "--published", "--json")).out);
    assert.deepEqual(
      costs.map(({ weight, provenance }: Record<string, string>) => `${weight} ${provenance}`),
      ["int4 modelled", "int4 published", "sf4 modelled"],
    );
    // Table 10 of the paper, INT4 row.
    assert.equal(costs[1].areaUm2, 160.7);
    assert.match((await cli("area", "int4", "--published")).out, /sources:\n {2}.*\n {2}.*Table 10/);
  });

  it("takes another operand, library and number of terms", async () => {
    const [cost] = JSON.parse(
      (await cli("area", "int4", "--activation", "int8", "--library", "asap7", "--terms", "1024", "--json")).out,
    );
    // Two's complement codes reach (−8)·(−128)·1024 = 2^20, one more than 21 bits hold.
    assert.deepEqual([cost.activation, cost.node, cost.terms, cost.accumulatorBits], ["int8", "asap7", 1024, 22]);
  });

  it("prints synthesized figures of known pairs, with delay and energy where the library has them", async () => {
    const [cost] = JSON.parse((await cli("area", "int4", "--synthesize", "--library", "asap7", "--json")).out);
    assert.deepEqual([cost.provenance, cost.node, cost.accumulatorBits], ["synthesized", "asap7", 16]);
    assert.match(cost.source, /proven over all pairs/);
    assert.ok(cost.delayPs > 300 && cost.energyFj > 20);
  });

  it("prints Verilog to take away", async () => {
    const { out } = await cli("area", "e2m1", "--activation", "int8", "--verilog");
    assert.match(out, /^\/\/ e2m1 x int8: multiply-accumulate, 256 terms/);
    assert.equal(out.match(/^module /gm)?.length, out.match(/^endmodule$/gm)?.length);
    // BitMoD's choice of four codebooks is two bits more of the weight's code.
    assert.match((await cli("area", "bitmod4", "--activation", "int8", "--verilog")).out, /input wire \[5:0\] weight,/);
  });

  it("names a missing Liberty file and options that need --synthesize", async () => {
    assert.match((await cli("area", "int4", "--synthesize", "--library", "none.lib")).err, /none\.lib: no such file/);
    assert.equal((await cli("area", "--objective", "energy")).code, 2);
  });

  it("names an unknown format, library or a number that is none", async () => {
    assert.match((await cli("area", "ind4")).err, /unknown element "ind4"; did you mean int4/);
    assert.match((await cli("area", "--library", "tsmc3")).err, /tsmc3/);
    assert.equal((await cli("area", "--terms", "many")).code, 2);
  });
});

describe("bitfrontier fit", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-fit-"));
    writeTinyModel(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("fits every matrix of a folder and of the bare file alike", async () => {
    const { code, out } = await cli("fit", folder, "--json");
    assert.equal(code, 0);
    const fits = JSON.parse(out);
    // 2 blocks of 7 linear layers, and the embedding, which is the head too.
    assert.equal(fits.length, 15);
    assert.equal((await cli("fit", join(folder, "model.safetensors"), "--json")).out, out);
    assert.match((await cli("fit", folder, "--by", "row")).out, /32 of 32 rows/);
  });

  it("refuses what is no model and a unit it does not know", async () => {
    assert.equal((await cli("fit", join(folder, "tokenizer.json"))).code, 1);
    const { code, err } = await cli("fit", folder, "--by", "layer");
    assert.equal(code, 2);
    assert.match(err, /--by takes tensor, row, block, not "layer"/);
  });
});
