import assert from "node:assert/strict";
import { createSession } from "../../../evaluate/engine/session.ts";
import {
  allOps,
  apply,
  constant,
  createGraph,
  type Data,
  type ElementType,
  encode,
  gradients,
  input,
  meanAll,
  mul,
  type Op,
  output,
  size,
  type Value,
} from "../../../evaluate/graph/index.ts";
import { normals } from "../../random.ts";

// Central differences in float64: truncation h² · f''' and rounding 1e-16 / h balance near h = 1e-5.
const STEP = 1e-5;
const TOLERANCE = 1e-7;
// In float32, for ops without a float64 kernel: rounding 1e-7 / h balances at h = 5e-3, where the truncation is 1e-5.
const STEP32 = 5e-3;
const TOLERANCE32 = 1e-4;

for (const op of allOps as unknown as readonly Op<unknown, unknown>[]) {
  describe(`op ${op.name}`, () => {
    op.samples.forEach((sample, k) => {
      it(`has a gradient that agrees with central differences (sample ${k})`, async () => {
        const random = normals(17 + k);
        const single = sample.type === "float32";
        const [step, tolerance] = single ? [STEP32, TOLERANCE32] : [STEP, TOLERANCE];
        const floats = (length: number, f: () => number) =>
          single ? Float32Array.from({ length }, f) : Float64Array.from({ length }, f);
        const feeds: Record<string, { data: Data; shape: readonly number[] }> = {};
        const graph = createGraph();
        const inputs: Value[] = [];
        const free: Value[] = [];
        sample.inputs.forEach((entry, i) => {
          const given = "data" in entry;
          const shape = given ? entry.shape : entry;
          const data = given
            ? entry.data
            : floats(size(shape), () => (sample.positive ? Math.abs(random()) + 0.5 : random()));
          const type: ElementType = data instanceof BigInt64Array ? "int64" : single ? "float32" : "float64";
          const value = input(graph, `x${i}`, type, shape);
          feeds[value.name] = { data, shape };
          inputs.push(value);
          if (!given) free.push(value);
        });
        const y = apply(graph, op, inputs, sample.attributes);
        // A random weighting of the outputs checks the whole vector–Jacobian product, not only its row sums.
        const weights = constant(graph, floats(size(y.shape), random), y.shape);
        const loss = meanAll(graph, mul(graph, y, weights));
        const grads = gradients(graph, loss, free);
        output(graph, "loss", loss);
        grads.forEach((g, i) => {
          assert.deepEqual(g.shape, free[i]!.shape);
          output(graph, `grad${i}`, g);
        });
        const session = await createSession(encode(graph), { threads: 1 });
        const results = await session.run(feeds);
        const lossAt = async () => Number((await session.run(feeds)).loss![0]);
        for (let i = 0; i < free.length; i++) {
          const x = feeds[free[i]!.name]!.data as Float64Array | Float32Array;
          const grad = results[`grad${i}`]! as Float64Array | Float32Array;
          for (let j = 0; j < x.length; j++) {
            const kept = x[j]!;
            x[j] = kept + step;
            const up = await lossAt();
            x[j] = kept - step;
            const down = await lossAt();
            x[j] = kept;
            const expected = (up - down) / (2 * step);
            assert.ok(Math.abs(grad[j]! - expected) < tolerance, `input ${i}[${j}]: ${grad[j]} against ${expected}`);
          }
        }
        await session.release();
      });
    });
  });
}
