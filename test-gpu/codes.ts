import { createSession, type Device } from "../evaluate/engine/session.ts";
import { createGraph, fakeQuantize, input, output } from "../evaluate/graph/index.ts";
import { fakeQuantize as onHost, parseFormat } from "../formats/index.ts";
import { normals } from "../test/random.ts";
import type { Check } from "./check.ts";
import { elsewhere } from "./elsewhere.ts";

/** One of each kind: table, spaced levels, power-of-two scales, two levels of scales, zero points, families, one scale. */
const FORMATS = [
  "sf4@g32",
  "nf4@g64",
  "int4@g128",
  "e2m1+sr@g32",
  "apot4@g32",
  "mxfp4",
  "mxfp8",
  "nvfp4",
  "fouroversix",
  "int8@row",
  "uint4@g32:minmax",
  "gguf-q4_0",
  "bitmod4",
  "if4",
  "n2f3",
  "e4m3@tensor:fp32",
];
const [ROWS, COLUMNS] = [64, 256];
/** Share of numbers that may differ, where a device's division or float32 scales send a tie the other way. */
const TOLERANCE = 1e-3;

/** Weights rounded on the device, beside the host's kernel bit for bit: what is counted is the share of numbers that differ. */
export async function* codeChecks(device: Device): AsyncGenerator<Check> {
  const normal = normals(5);
  // Half of the numbers lie on halves and quarters, where ties are.
  const x = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) =>
    i % 2 === 0 ? normal() * 0.02 : Math.round(normal() * 8) / 256,
  );
  const expected = new Float32Array(x.length);
  for (const id of FORMATS) {
    const format = parseFormat(id);
    const graph = createGraph(device);
    output(graph, "y", fakeQuantize(graph, input(graph, "x", "float32", [ROWS, COLUMNS]), { format }));
    const there = await elsewhere(device, async (profile) => {
      const session = await createSession(graph, { device, profile });
      const { y } = await session.run({ x: { data: x, shape: [ROWS, COLUMNS] } });
      await session.release();
      return y as Float32Array;
    });
    onHost(x, ROWS, COLUMNS, format, expected);
    const differing = there.result.reduce((n, value, i) => n + (Object.is(value, expected[i]) ? 0 : 1), 0);
    const error = differing / x.length;
    yield {
      what: `codes of ${format.id}, share that differs`,
      error,
      tolerance: TOLERANCE,
      elsewhere: there.elsewhere,
    };
  }
}
