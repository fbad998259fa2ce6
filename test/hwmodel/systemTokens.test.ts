import assert from "node:assert/strict";
import { UserError } from "../../formats/error.ts";
import { parseFormat } from "../../formats/index.ts";
import { assumptions, energyPerToken, MEMORIES, SRAM, sramMacro, transformer } from "../../hwmodel/system/index.ts";

const llama7b = transformer({ layers: 32, hidden: 4096, intermediate: 11008, heads: 32, vocabulary: 32000 });
const int4 = parseFormat("int4@g128");
const close = (found: number, expected: number, what = "") =>
  assert.ok(Math.abs(found / expected - 1) < 1e-9, `${what} ${found}, expected ${expected}`);

describe("assumptions", () => {
  it("say unit and source of every number, and which sources were read", () => {
    const table = assumptions();
    for (const [id, { value, unit, source }] of Object.entries(table)) {
      assert.ok(value > 0 && unit.length > 1 && source.length > 10, id);
    }
    assert.deepEqual([table.macShare.value, table.memoryShare.value], [0.1, 0.6]);
    assert.equal(table.dramPjPerBit.verified, false);
    assert.equal(table.sramReadPjPerBit.value, 0.02555);
  });

  it("can be overridden one by one, and then say so", () => {
    const table = assumptions({ memory: "ddr4", overrides: { dramPjPerBit: 12.5 } });
    assert.deepEqual([table.dramPjPerBit.value, table.dramPjPerBit.source], [12.5, "given by the user"]);
    assert.equal(table.dramGbPerSecond.value, 25.6);
    const bad = (overrides: object) => () => assumptions({ overrides: overrides as never });
    assert.throws(bad({ dramPerBit: 1 }), /assumption dramPerBit: unknown; known are macShare/);
    assert.throws(bad({ clockGhz: 0 }), /assumption clockGhz: 0; expected a positive number/);
    assert.throws(bad({ clockGhz: Number.NaN }), UserError);
    assert.throws(() => assumptions({ memory: "hbm9" }), /memory hbm9: unknown; known are hbm3, hbm2/);
  });

  it("name a source for every memory", () => {
    for (const memory of MEMORIES) assert.ok(memory.source.length > 20 && memory.pjPerBit > 1, memory.id);
  });
});

describe("sramMacro", () => {
  it("gives CACTI's figures for the smallest macro that fits", () => {
    assert.deepEqual(sramMacro(45, 8000), {
      nodeNm: 45,
      bytes: 8192,
      busBits: 64,
      readPjPerBit: 0.03034,
      writePjPerBit: 0.07338,
      um2PerBit: 0.4394,
      leakageMw: 0.1078,
      accessNs: 1.113,
    });
    assert.equal(sramMacro(22, 32768).busBits, 256);
    assert.equal(SRAM.length, 21);
    assert.throws(() => sramMacro(7, 1024), /SRAM at 7 nm: not modelled; known are 45, 32, 22 nm/);
    assert.throws(() => sramMacro(45, 2 ** 22), /one macro holds 1 to 2097152 bytes/);
    assert.throws(() => sramMacro(45, Number.NaN), UserError);
  });
});

describe("energyPerToken", () => {
  it("reads 6.476 G weights of Llama 2 7B at 4.125 bits from HBM3 for every token at batch 1", () => {
    const e = energyPerToken(llama7b, int4, { assumptions: assumptions(), macFj: 65, batch: 1, context: 0 });
    assert.equal(e.macs, 6_476_005_376 + 131_072_000);
    assert.equal(e.effectiveBits, 4.125);
    close(e.dramWeightsPj, (6_476_005_376 * 4.125 + (131_072_000 + 4096) * 16) * 3.9);
    close(e.macPj, 6_476_005_376 * 0.065);
    // One token appended: 2 · 32 · 4096 values of 16 bits.
    close(e.dramKvPj, 262_144 * 16 * 3.9);
    assert.equal(e.bound, "memory");
    close(e.memorySeconds, e.dramBits / 8 / 819.2e9);
    close(e.totalPj, e.dramWeightsPj + e.dramKvPj + e.sramPj + e.macPj + e.attentionPj);
    // A 4-bit weight from HBM costs about 16 pJ, its product well under 1 pJ.
    assert.ok(e.dramWeightsPj / e.macPj > 100);
  });

  it("shares the weights over a batch until multiplying costs as much", () => {
    const options = { assumptions: assumptions(), macFj: 600, context: 0 };
    const one = energyPerToken(llama7b, int4, { ...options, batch: 1 });
    const many = energyPerToken(llama7b, int4, { ...options, batch: 512 });
    assert.ok(many.totalPj < one.totalPj / 10);
    assert.equal(many.bound, "compute");
    assert.equal(many.macPj, one.macPj);
    // 4.125 bits · (3.9 + 0.02555 + 0.08985) pJ over 0.6 pJ.
    close(one.balanceBatch, (4.125 * 4.0154) / 0.6);
  });

  it("moves more bits for wider codes and smaller groups", () => {
    const bits = (id: string) =>
      energyPerToken(llama7b, parseFormat(id), { assumptions: assumptions(), macFj: 65 }).effectiveBits;
    assert.equal(bits("int4@g32"), 4.5);
    assert.ok(bits("int8@row") > 8 && bits("int8@row") < 8.005);
  });

  it("counts grouped-query attention's smaller cache", () => {
    const shape = { layers: 2, hidden: 64, intermediate: 128, heads: 8, vocabulary: 100 };
    assert.equal(transformer(shape).kvPerToken, 2 * 2 * 64);
    assert.equal(transformer({ ...shape, kvHeads: 2 }).kvPerToken, 2 * 2 * 16);
    const weights = (gated: boolean) =>
      transformer({ ...shape, gated }).linears.reduce((n, { rows, cols, count }) => n + rows * cols * count, 0);
    assert.equal(weights(true), 2 * (4 * 64 * 64 + 3 * 64 * 128));
    assert.equal(weights(false), 2 * (4 * 64 * 64 + 2 * 64 * 128));
  });

  it("rejects shapes and options that are none", () => {
    const shape = { layers: 2, hidden: 64, intermediate: 128, heads: 8, vocabulary: 100 };
    assert.throws(() => transformer({ ...shape, heads: 7 }), UserError);
    assert.throws(() => transformer({ ...shape, layers: 0 }), /layers 0: expected a whole number/);
    const options = { assumptions: assumptions(), macFj: 65 };
    assert.throws(() => energyPerToken(llama7b, int4, { ...options, macFj: Number.NaN }), /macFj NaN/);
    assert.throws(() => energyPerToken(llama7b, int4, { ...options, batch: 0 }), /batch 0/);
    assert.throws(() => energyPerToken({ ...llama7b, linears: [] }, int4, options), /no linears/);
    assert.throws(() => energyPerToken(llama7b, parseFormat("int4@g8192"), options), /group 8192 is larger/);
  });
});
