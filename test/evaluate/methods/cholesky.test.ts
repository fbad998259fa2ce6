import assert from "node:assert/strict";
import { momentsOf } from "../../../evaluate/calibration/index.ts";
import { cholesky, reverseCholesky, solveTransposed, solveUpper } from "../../../evaluate/methods/cholesky.ts";
import { factorize } from "../../../evaluate/methods/hessian.ts";
import { createProducts } from "../../../evaluate/methods/products.ts";

const products = createProducts();
after(() => products.release());

/** A Aᵀ + I of a deterministic A: symmetric and positive definite. */
function positive(n: number): Float64Array {
  const a = Float64Array.from({ length: n * n }, (_, i) => Math.sin(i * i + 1));
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = i === j ? 1 : 0;
    for (let k = 0; k < n; k++) sum += a[i * n + k]! * a[j * n + k]!;
    return sum;
  });
}

function worst(a: Float64Array, b: Float64Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("cholesky", () => {
  it("factorizes [[4,12,-16],[12,37,-43],[-16,-43,98]] into the textbook's [[2],[6,1],[-8,5,3]]", async () => {
    const a = Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98);
    assert.ok(await cholesky(a, 3, products));
    assert.deepEqual([...a], [2, 0, 0, 6, 1, 0, -8, 5, 3]);
  });

  // One panel, a panel's edge, several panels with a ragged end, several wide panels.
  for (const n of [1, 3, 31, 32, 33, 131, 300]) {
    it(`reverseCholesky gives an upper R with R Rᵀ = A, which the solvers invert, for ${n} columns`, async () => {
      const a = positive(n);
      const r = (await reverseCholesky(a, n, products))!;
      const back = Float64Array.from({ length: n * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        if (j < i) assert.equal(r[at], 0);
        let sum = 0;
        for (let k = 0; k < n; k++) sum += r[i * n + k]! * r[j * n + k]!;
        return sum;
      });
      assert.ok(worst(back, a) < 1e-9 * n);
      const identity = a.slice();
      solveTransposed(r, n, identity);
      solveUpper(r, n, identity);
      assert.ok(
        worst(
          identity,
          Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
        ) < 1e-7,
      );
    });
  }

  it("says no to a matrix that is not positive definite, and to one that is not finite", async () => {
    assert.equal(await reverseCholesky(Float64Array.of(1, 2, 2, 1), 2, products), null);
    assert.equal(await reverseCholesky(Float64Array.of(0), 1, products), null);
    assert.equal(await reverseCholesky(Float64Array.of(Number.NaN), 1, products), null);
    assert.equal(await reverseCholesky(Float64Array.of(Number.POSITIVE_INFINITY), 1, products), null);
  });
});

describe("factorize", () => {
  const order = (n: number) => Uint32Array.from({ length: n }, (_, i) => i);

  it("damps harder when the moments are not positive definite, and says by how much", async () => {
    const moments = { ...momentsOf([1, 1], 2), gram: Float64Array.of(1, 1.05, 1.05, 1) };
    const factor = (await factorize(moments, order(2), 0.01, products))!;
    assert.equal(factor.damp, 0.1);
    assert.ok(Math.abs(factor.upper[3]! - Math.sqrt(1.1)) < 1e-12);
  });

  it("gives up on moments that no damping mends", async () => {
    const moments = { ...momentsOf([1, 1], 2), gram: Float64Array.of(1, 9, 9, 1) };
    assert.equal(await factorize(moments, order(2), 0.01, products), null);
  });

  it("gives a channel that never fires a diagonal of one, apart from all others", async () => {
    const { upper } = (await factorize(momentsOf([2, 0, 2, 0], 2), order(2), 0, products))!;
    assert.deepEqual([...upper], [2, 0, 0, 1]);
  });
});
