import assert from "node:assert/strict";
import { createSession } from "../../../evaluate/engine/session.ts";
import {
  createGraph,
  fakeQuantizeLearned,
  gradients,
  input,
  mul,
  output,
  relu,
  sum,
} from "../../../evaluate/graph/index.ts";
import { isUnsigned } from "../../../evaluate/model/architectures/runningFormats.ts";
import { parseFormat } from "../../../formats/index.ts";
import { golden } from "../training/golden.ts";

const formats: Record<string, string> = { int3: "int3@row", ternary: "btt-ternary", binary: "btt-binary" };

describe("rounding by a learned range", () => {
  for (const [name, { unsigned, scale, q, dX, dScale }] of Object.entries(golden.elastic)) {
    it(`${name}: values and both gradients are those of torch`, async () => {
      const shape = [5, 6];
      const graph = createGraph();
      const [given, weights] = ["x", "weights"].map((each) => input(graph, each, "float32", shape));
      const s = input(graph, "s", "float32", [1]);
      const x = unsigned ? relu(graph, given!) : given!;
      assert.equal(isUnsigned(graph, x), unsigned);
      const format = parseFormat(formats[name.split(" ")[0]!]!);
      const y = fakeQuantizeLearned(graph, x, s, { format, unsigned });
      const [dx, ds] = gradients(graph, sum(graph, mul(graph, y, weights!), [0, 1]), [x, s]);
      for (const [key, value] of Object.entries({ y, dx: dx!, ds: ds! })) output(graph, key, value);
      const session = await createSession(graph, { threads: 1 });
      const results = await session.run({
        x: { data: Float32Array.from(golden.X), shape },
        weights: { data: Float32Array.from(golden.gX), shape },
        s: { data: Float32Array.of(scale), shape: [1] },
      });
      await session.release();
      for (const [key, expected] of Object.entries({ y: q, dx: dX, ds: [dScale] }))
        for (const [i, value] of expected.entries())
          assert.ok(Math.abs(Number(results[key]![i]) - value) < 2e-6, `${key}[${i}] ${results[key]![i]} ${value}`);
    });
  }
});
