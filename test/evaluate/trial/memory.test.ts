import assert from "node:assert/strict";
import "../../../fitting/everyId.ts";
import type { RunningFormats } from "../../../evaluate/model/architectures/runningFormats.ts";
import { readModelHead } from "../../../evaluate/model/loadedModel.ts";
import { evaluationMemory, memoryLine, type PlannedRuns, quantizeMemory } from "../../../evaluate/trial/memory.ts";

const reference = readModelHead("reference");
const full: RunningFormats = { activation: null, range: null, cache: null, rotates: false };
const inMb = (bytes: number) => Math.round(bytes / 1e6);
const estimate = (runs: Partial<PlannedRuns> = {}) =>
  evaluationMemory(reference, {
    ...{ positions: 255, count: 256, graphs: 1, running: [full], beside: false, trains: false, calibration: null },
    ...runs,
  });

// How near the whole is to what processes take is measured in test-slow/memory.test.ts.
describe("memory estimates", () => {
  it("are the weights once, the values of a run and the runtime", () => {
    const { bytes, parts } = estimate();
    assert.deepEqual(
      parts.map(({ what, bytes }) => [what, inMb(bytes)]),
      [
        ["runtime", 201],
        ["activations", 37],
        ["weights", 8],
      ],
    );
    assert.equal(
      bytes,
      parts.reduce((sum, part) => sum + part.bytes, 0),
    );
  });

  it("grow with a model beside and a calibration, up to the activations that wait in memory", () => {
    const calibration = (count: number, drift = false) => ({
      calibration: { count, context: 256, drift, originals: false },
    });
    const of = (runs: Partial<PlannedRuns>) => inMb(estimate(runs).bytes - estimate().bytes);
    assert.deepEqual(
      [
        of({ beside: true }),
        of(calibration(8)),
        of(calibration(128)),
        of(calibration(128, true)),
        of(calibration(10_000)),
      ],
      [81, 66, 192, 368, 326],
    );
  });

  it("of writing a model without calibration depend on its largest matrix only", () => {
    assert.equal(quantizeMemory({ linears: [{ rows: 1000, cols: 1000 }] }).bytes, 5 * 4e6 + 200e6);
  });

  it("are one line, which says so where the machine has less", () => {
    const estimate = quantizeMemory({ linears: [{ rows: 10_000, cols: 10_000 }] });
    assert.equal(
      memoryLine(estimate, 1e12),
      "memory: about 2.20 GB at its peak (the largest matrix 2.00, runtime 0.20)",
    );
    assert.match(memoryLine(estimate, 1e9), /; this machine has 1\.00 GB$/);
  });
});
