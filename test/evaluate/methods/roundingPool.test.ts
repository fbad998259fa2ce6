import assert from "node:assert/strict";
import { type RoundingPool, roundingPool } from "../../../evaluate/methods/roundingPool.ts";
import { fakeQuantize, parseFormat } from "../../../formats/index.ts";
import { normals } from "../../random.ts";

const [ROWS, COLS] = [1500, 2000];

function shared(): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(4 * ROWS * COLS));
}

describe("roundingPool", () => {
  const normal = normals(7);
  const weights = shared();
  for (const i of weights.keys()) weights[i] = normal();
  let pools: RoundingPool[];
  before(() => {
    pools = [roundingPool(1), roundingPool(2)];
  });
  after(() => Promise.all(pools.map((pool) => pool.close())));

  it("rounds to the numbers of one thread bit for bit, with sums that do not depend on the number of workers", async () => {
    for (const id of ["nf4@g128", "e2m1+sr@g32", "int5@row", "[-1,-0.25,0,1]@g64", "sf4@tensor"]) {
      const format = parseFormat(id);
      const expected = new Float32Array(ROWS * COLS);
      const single = fakeQuantize(weights, ROWS, COLS, format, expected);
      const results = [];
      for (const pool of pools) {
        const out = shared();
        results.push(await pool.fakeQuantize(weights, ROWS, COLS, format, out));
        assert.equal(Buffer.compare(Buffer.from(out.buffer), Buffer.from(expected.buffer)), 0, id);
      }
      assert.deepEqual(results[0], results[1]);
      assert.deepEqual([results[0]!.groups, results[0]!.zeroGroups], [single.groups, single.zeroGroups]);
      assert.ok(Math.abs(results[0]!.sumSquaredError / single.sumSquaredError - 1) < 1e-10);
    }
  });

  it("rounds arrays that are not shared, and several matrices at once", async () => {
    const format = parseFormat("nf4@g64");
    const expected = new Float32Array(ROWS * COLS);
    fakeQuantize(weights, ROWS, COLS, format, expected);
    const outs = [shared(), shared(), new Float32Array(ROWS * COLS)];
    await Promise.all(outs.map((out) => pools[1]!.fakeQuantize(weights, ROWS, COLS, format, out)));
    for (const out of outs) assert.deepEqual(out.slice(0, 9999), expected.slice(0, 9999));
  });

  it("names the place of a bad number in the whole matrix, and goes on working", async () => {
    const broken = shared();
    broken.set(weights);
    broken[1400 * COLS + 17] = Number.NaN;
    const run = () => pools[1]!.fakeQuantize(broken, ROWS, COLS, parseFormat("nf4@g64"), shared(), { name: "q_proj" });
    await assert.rejects(run, { name: "UserError", message: /^q_proj: NaN at row 1400, column 17/ });
    await assert.rejects(() => pools[1]!.fakeQuantize(weights, ROWS, COLS + 1, parseFormat("nf4@g64"), shared()), {
      name: "UserError",
      message: /3000000 numbers, expected/,
    });
    assert.equal((await pools[1]!.fakeQuantize(weights, ROWS, COLS, parseFormat("nf4@row"), shared())).groups, ROWS);
  });
});
