import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli } from "./io.ts";

describe("bitfrontier area", () => {
  it("costs W4A16 and W4A8, blocks with their scales, and float32 sums", async () => {
    const [int4, e2m1] = JSON.parse((await cli("area", "int4", "e2m1", "--activation", "fp16", "--json")).out);
    assert.deepEqual([int4.activation, int4.accumulatorBits, int4.elements], ["fp16", 32, 1]);
    assert.ok(int4.areaGe > e2m1.areaGe && e2m1.areaGe > 1300);
    const [mx] = JSON.parse((await cli("area", "mxfp4", "--unit", "block", "--json")).out);
    assert.deepEqual([mx.unit, mx.elements], ["block32", 32]);
    assert.ok(mx.areaGe > 150 && mx.areaGe < 200, `${mx.areaGe}`);
    const { out } = await cli("area", "e4m3", "--accumulator", "float32", "--verilog");
    assert.match(out, /module float32_1_e4m3_x_e4m3 \(/);
  });

  it("answers what makes no sense with one line", async () => {
    for (const [words, message] of [
      [["int4", "--activation", "fp16", "--accumulator", "exact"], /added as float32, not exactly/],
      [["int4", "--unit", "heap"], /unit heap: expected mac, dotN, block or blockN/],
      [["int4", "--accumulator", "fp8"], /--accumulator takes exact, float32, not "fp8"/],
      [["int4", "--activation", "fp16", "--input-registers"], /operand registers are for exact MACs only/],
      [["int4", "--synthesize", "--nu", "0"], /--nu takes a number above 0/],
      [["int4", "--tensors", "reference"], /--tensors needs --synthesize/],
      [["int4", "--synthesize", "--unit", "dot4", "--delay", "100"], /a delay to meet is for exact MACs only/],
      [["int4", "--synthesize", "--library", "missing.lib"], /library missing.lib: no such file/],
    ] as const) {
      const { code, err } = await cli("area", ...words);
      assert.ok(code !== 0, words.join(" "));
      assert.match(err, message);
    }
  });
});

describe("bitfrontier energy", () => {
  it("prints what a token takes, and every assumption with its source", async () => {
    const { code, out } = await cli("energy", "reference", "--format", "int4@g128", "--format", "e2m1@g128");
    assert.equal(code, 0);
    assert.match(out, /int4@g128 +4\.125/);
    assert.match(out, /\ndramPjPerBit +3\.9 +pJ\/bit +no +hbm3: /);
    const words = ["--format", "e2m1@g128", "--memory", "ddr4", "--assume", "kvBits=4", "--batch", "64", "--json"];
    const { tokens, assumptions } = JSON.parse((await cli("energy", "reference", ...words)).out);
    assert.deepEqual([assumptions.kvBits.value, assumptions.kvBits.source], [4, "given by the user"]);
    assert.equal(assumptions.dramPjPerBit.value, 20);
    assert.equal(tokens[0].effectiveBits, 4.125);
    // 2 · layers · key-value width of the reference model, 1025 tokens, 4 bits at 20 pJ.
    const config = JSON.parse(readFileSync("models/reference/config.json", "utf8"));
    const kv =
      (2 * config.num_hidden_layers * config.num_key_value_heads * config.hidden_size) / config.num_attention_heads;
    assert.ok(Math.abs(tokens[0].dramKvPj / (1025 * kv * 4 * 20) - 1) < 1e-12);
  });

  it("refuses assumptions it does not have, and libraries without energies", async () => {
    assert.match((await cli("energy", "reference", "--assume", "kvBytes=8")).err, /assumption kvBytes: unknown/);
    assert.match((await cli("energy", "reference", "--assume", "kvBits")).err, /expected ID=VALUE/);
    assert.match((await cli("energy", "reference", "--memory", "tape")).err, /memory tape: unknown/);
    assert.match((await cli("energy", "reference", "--library", "generic")).err, /generic has no energy/);
  });
});

describe("bitfrontier published", () => {
  it("sets our ten MACs beside the paper's, with the calibration, and says what was verified", async () => {
    const { out } = await cli("published");
    assert.match(out, /\ne2m1\+sr +18 +18 +96\.8 +94\.5 +191\.3/);
    assert.match(out, /calibration: 0\.51\d+ um2 per gate equivalent/);
    assert.match(out, /BitMoD/);
    const { comparison, figures } = JSON.parse((await cli("published", "--library", "sky130", "--json")).out);
    assert.equal(comparison.rows.length, 10);
    assert.ok(comparison.meanError.mac < 0.06);
    assert.ok(
      figures.every(({ verified, source }: Record<string, unknown>) => typeof verified === "boolean" && source),
    );
  });
});

describe("bitfrontier special-values", () => {
  it("writes the picture and its spec, and prints a row a value", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bitfrontier-"));
    const path = join(folder, "special.svg");
    const { code, out } = await cli("special-values", "--out", path);
    assert.equal(code, 0);
    assert.match(out, /\nnone .*modelled/);
    assert.equal(out.match(/modelled/g)!.length, 58);
    assert.match(readFileSync(path, "utf8"), /^<svg .*super-range/s);
    assert.ok(existsSync(join(folder, "special.vl.json")));
    rmSync(folder, { recursive: true });
    assert.match((await cli("special-values", "--library", "asap7")).err, /--library needs --synthesize/);
  });
});
