import assert from "node:assert/strict";
import { learnedSlopes, shiftGroups } from "../../../evaluate/training/weights/learnedProgram.ts";
import { normals } from "../../random.ts";

/** Groups of one, of what vectors divide and do not, and longer than what the program holds at a time. */
const SIZES = [1, 3, 4, 8, 5, 128, 40_001, 2, 16_384, 7];
const BOUNDS = Uint32Array.from([0, ...SIZES.map((_, g) => SIZES.slice(0, g + 1).reduce((a, b) => a + b))]);
const LENGTH = BOUNDS.at(-1)!;
const random = normals(5);
const [latent, out, gradient] = [0, 1, 2].map(() => Float32Array.from({ length: LENGTH }, random)) as Float32Array[];
const offsetOf = (g: number) => Math.fround(0.1 * g - 0.3);
const slopeOf = (g: number) => (g === 3 ? 0 : 1 + g);

describe("loops over groups of learned scales", () => {
  for (const [hasRatio, passesAll] of [
    [true, false],
    [false, false],
    [true, true],
  ] as const) {
    it(`sums and gradients are those of plain loops, hasRatio ${hasRatio}, passesAll ${passesAll}`, () => {
      const [dLatent, expected] = [new Float32Array(LENGTH), new Float32Array(LENGTH)];
      const [sums, offsets] = [new Float32Array(SIZES.length).fill(9), new Float32Array(SIZES.length).fill(9)];
      learnedSlopes(
        { latent: latent!, out: out!, gradient: gradient! },
        BOUNDS,
        (g, reach) => Object.assign(reach, { least: -1, most: 0.5, offset: offsetOf(g), slope: slopeOf(g) }),
        { hasRatio, passesAll },
        { dLatent, sums, offsets },
      );
      for (let g = 0; g < SIZES.length; g++) {
        let [sum, beyond] = [0, 0];
        for (let i = BOUNDS[g]!; i < BOUNDS[g + 1]!; i++) {
          const [w, each] = [latent![i]!, gradient![i]!];
          const within = w >= -1 && w <= 0.5;
          expected[i] = within || passesAll ? each * slopeOf(g) : 0;
          sum += each * (out![i]! - (within && hasRatio ? w : offsetOf(g)));
          if (!within) beyond += each;
        }
        // Rounding errors of float32 sums in four lanes.
        const tolerance = 1e-6 * SIZES[g]! ** 0.5 + 2e-6 * Math.abs(sum);
        assert.ok(Math.abs(sums[g]! - sum) < 20 * tolerance, `group ${g}: ${sums[g]} against ${sum}`);
        assert.ok(Math.abs(offsets[g]! - beyond) < 20 * tolerance, `group ${g}: ${offsets[g]} against ${beyond}`);
      }
      assert.deepEqual(dLatent, expected);
    });
  }

  it("shifts are those of plain loops, also in place", () => {
    const shifts = Float32Array.from(SIZES, (_, g) => offsetOf(g));
    const expected = new Float32Array(LENGTH);
    for (let g = 0; g < SIZES.length; g++)
      for (let i = BOUNDS[g]!; i < BOUNDS[g + 1]!; i++) expected[i] = latent![i]! - shifts[g]!;
    const moved = latent!.slice();
    shiftGroups(moved, BOUNDS, shifts, -1, moved);
    assert.deepEqual(moved, expected);
  });
});
