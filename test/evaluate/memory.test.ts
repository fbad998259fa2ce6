import assert from "node:assert/strict";
import { evaluationMemory, memoryLine, quantizeMemory } from "../../evaluate/memory.ts";

/** Sizes of SmolLM2-135M. */
const linears = Array.from({ length: 30 }, () => [
  { rows: 576, cols: 576 },
  { rows: 192, cols: 576 },
  { rows: 192, cols: 576 },
  { rows: 576, cols: 576 },
  { rows: 1536, cols: 576 },
  { rows: 1536, cols: 576 },
  { rows: 576, cols: 1536 },
]).flat();
const smol = {
  config: { hiddenSize: 576, numHeads: 9, vocabSize: 49_152 },
  shapes: new Map([
    ["embedding", [49_152, 576]],
    ...linears.map(({ rows, cols }, i) => [`${i}`, [rows, cols]] as const),
  ]),
  linears,
};
const inGb = (bytes: number) => Math.round(bytes / 1e7) / 100;

describe("memory estimates", () => {
  it("are near what SmolLM2 takes: 1.22 GB were measured at 2048 tokens (npm run bench smollm2)", () => {
    const { bytes, parts } = evaluationMemory(smol, { positions: 2048, formats: false });
    assert.deepEqual(
      parts.map(({ what, bytes }) => [what, inGb(bytes)]),
      [
        ["weights", 0.54],
        ["activations", 0.5],
        ["runtime", 0.25],
      ],
    );
    assert.equal(inGb(bytes), 1.29);
  });

  it("grow with the square of the context, with a format, with a model beside, and with a calibration", () => {
    const of = (run: Partial<Parameters<typeof evaluationMemory>[1]>) =>
      evaluationMemory(smol, { positions: 2048, formats: false, ...run }).bytes;
    assert.ok(of({ positions: 8192 }) - of({}) > 14 * 0.3e9);
    assert.equal(inGb(of({ formats: true }) - of({})), 0.42);
    assert.equal(inGb(of({ beside: true }) - of({})), 0.5);
    const calibration = { tokens: 128 * 2048, context: 2048, reference: true };
    assert.ok(of({ calibration }) - of({}) > 2e9);
  });

  it("of writing a model without calibration depend on its largest matrix only", () => {
    assert.equal(quantizeMemory({ linears: [{ rows: 1000, cols: 1000 }] }).bytes, 5 * 4e6 + 250e6);
    assert.equal(quantizeMemory(smol).bytes, 5 * 4 * 1536 * 576 + 250e6);
  });

  it("are one line, which says so where the machine has less", () => {
    const estimate = quantizeMemory({ linears: [{ rows: 10_000, cols: 10_000 }] });
    assert.equal(
      memoryLine(estimate, 1e12),
      "memory: about 2.25 GB at its peak (the largest matrix 2.00, runtime 0.25)",
    );
    assert.match(memoryLine(estimate, 1e9), /; this machine has 1\.00 GB$/);
  });
});
