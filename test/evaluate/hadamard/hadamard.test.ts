import assert from "node:assert/strict";
import { applyHadamard, hadamard, largestBlock } from "../../../evaluate/hadamard/hadamard.ts";
import { paley } from "../../../evaluate/hadamard/paley.ts";
import { quadraticCharacter } from "../../../evaluate/hadamard/quadraticCharacter.ts";

/** H as rows, from what it does to the unit vectors. */
function rows(size: number): number[][] {
  const matrix = hadamard(size)!;
  return Array.from({ length: size }, (_, i) => {
    const unit = new Float64Array(size);
    unit[i] = 1;
    applyHadamard(matrix, unit);
    return [...unit].map((x) => x * Math.sqrt(size));
  });
}

describe("Hadamard matrices", () => {
  it("have entries ±1 and orthogonal rows, for Paley's first and second construction and Sylvester's", () => {
    for (const size of [1, 2, 4, 8, 12, 20, 24, 28, 36, 40, 60, 76, 100, 140, 148, 344]) {
      const H = rows(size);
      for (const [i, row] of H.entries()) {
        for (const x of row) assert.ok(Math.abs(Math.abs(x) - 1) < 1e-12, `${size}: entry ${x}`);
        for (let k = 0; k <= i; k++) {
          const dot = row.reduce((sum, x, j) => sum + x * H[k]![j]!, 0);
          assert.ok(Math.abs(dot - (i === k ? size : 0)) < 1e-9, `${size}: rows ${i} and ${k} have product ${dot}`);
        }
      }
    }
  });

  it("exist for the hidden sizes of the models in use, with the smallest Paley factor", () => {
    const orders = Object.fromEntries(
      [768, 3072, 576, 1536, 960, 2560, 896, 4864, 8960, 18944, 14336, 13824, 25600, 288, 10944, 29568, 11008].map(
        (size) => [size, hadamard(size)?.order],
      ),
    );
    assert.deepEqual(orders, {
      768: 12,
      3072: 12,
      576: 36,
      1536: 12,
      960: 60,
      2560: 20,
      896: 28,
      4864: 76,
      8960: 140,
      18944: 148,
      14336: 28,
      13824: 108,
      25600: 100, // Paley II over GF(7²)
      288: 36,
      10944: 684,
      29568: 924,
      11008: 344, // Paley I over GF(7³)
    });
  });

  it("are missing where no construction here has one, and blocks then tile the width", () => {
    for (const size of [3, 6, 172, 13696, 2.5]) assert.equal(hadamard(size), null, `${size}`);
    assert.deepEqual([172, 13696, 352, 512, 7].map(largestBlock), [4, 128, 352, 512, 1]);
    assert.equal(paley(92), null);
  });

  it("are undone by their transpose", () => {
    const x = Float64Array.from({ length: 3 * 40 }, (_, i) => Math.sin(i));
    const y = x.slice();
    applyHadamard(hadamard(40)!, y);
    applyHadamard(hadamard(40)!, y, true);
    for (const [i, value] of y.entries()) assert.ok(Math.abs(value - x[i]!) < 1e-14);
  });

  it("turn float32 runs two at a time to the same bits as one", () => {
    for (const [size, runs] of [
      [4, 2050],
      [40, 7],
      [64, 3],
      [192, 2],
      [512, 17],
      [8192, 2],
    ] as const) {
      const x = Float32Array.from({ length: runs * size }, (_, i) => Math.sin(i * i));
      for (const transposed of [false, true]) {
        const [together, alone] = [x.slice(), x.slice()];
        applyHadamard(hadamard(size)!, together, transposed);
        for (let at = 0; at < x.length; at += size)
          applyHadamard(hadamard(size)!, alone.subarray(at, at + size), transposed);
        assert.deepEqual(new Uint32Array(together.buffer), new Uint32Array(alone.buffer), `${size}`);
      }
    }
  });
});

describe("the quadratic character", () => {
  it("has as many squares as others, and is a homomorphism on GF(9)", () => {
    const chi = quadraticCharacter(9)!;
    const values = Array.from({ length: 9 }, (_, x) => chi(x, 0));
    assert.equal(values.filter((v) => v === 1).length, 4);
    assert.equal(values.filter((v) => v === -1).length, 4);
    // −1 is a square in GF(q) exactly for q ≡ 1 mod 4.
    for (let x = 0; x < 9; x++) for (let y = 0; y < 9; y++) assert.equal(chi(x, y), chi(y, x));
    const seven = quadraticCharacter(7)!;
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map((x) => seven(x, 0)),
      [1, 1, -1, 1, -1, -1],
    );
  });

  it("is not there for numbers that are no odd prime power", () => {
    for (const q of [1, 2, 4, 15, 45, 171, 2.5]) assert.equal(quadraticCharacter(q), null, `${q}`);
  });
});
