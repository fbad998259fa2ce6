import assert from "node:assert/strict";
import { createSession } from "../../../evaluate/engine/session.ts";
import {
  createGraph,
  encode,
  fakeQuantize,
  gradients,
  input,
  meanAll,
  mul,
  output,
  type RoundingGradient,
} from "../../../evaluate/graph/index.ts";
import { listElements, listFormats, makeFormat, parseFormat, scaleRules, UserError } from "../../../formats/index.ts";
import { COLUMNS, compare, fittable, inGraph, matrix, onHost, possible, ROWS } from "./roundingCases.ts";

describe("fake quantization in a graph", function () {
  this.timeout(20_000);

  it("equals the host kernel for every element in groups of 32 and a remainder", () =>
    compare(
      listElements().map((element) => makeFormat({ element, group: 32 })),
      1,
    ));

  it("equals the host kernel for every named format that it does not refuse", async () => {
    const formats = listFormats();
    const refused = formats.filter((format) => !fittable(format));
    assert.deepEqual(
      refused.map(({ id }) => id),
      ["ant4", "ant3", "nf4-dq", "olive4"],
    );
    await compare(
      formats.filter((format) => !refused.includes(format)),
      2,
    );
  });

  it("equals the host kernel under every scale rule, searches of 40 and 75 ranges among them", async () => {
    const formats = Object.keys(scaleRules).flatMap((rule) => [
      ...possible(() => parseFormat(`e2m1+sr@g32:${rule}`)),
      ...possible(() => parseFormat(`uint4@row:${rule}:fp16-exact:away`)),
    ]);
    await compare(formats, 3);
  });

  it("equals the host kernel for one scale a row or matrix, and for rows as matrices of their own", async () => {
    // The last meet rows so small that their second level is 0, or that it is not needed.
    const formats = ["sf4@row", "int8@tensor", "e4m3@tensor:fp32", "nvfp4", "vsquant4", "gguf-iq4_xs", "hif4"]
      .concat("uint4@g32:absmax:e4m3-tensor", "int4@g32:absmax:e4m3-tensor")
      .map(parseFormat);
    await compare(formats, 4);
    await compare(formats, 4, true);
  });

  it("finds scales in float32 for providers without float64: at most one number in a thousand rounds otherwise", async () => {
    const x = matrix(6, 2 ** -10);
    // Rows from 16 on hold what float32 cannot divide: 1e-4 and less of what the factor left.
    const rows = 16 * COLUMNS;
    for (const format of ["sf4@g32", "int4@g32", "mxfp4", "nvfp4", "uint4@g32:minmax", "bitmod4", "if4"].map(
      parseFormat,
    )) {
      const graph = createGraph("webgpu");
      output(graph, "y", fakeQuantize(graph, input(graph, "x", "float32", [ROWS, COLUMNS]), { format }));
      const session = await createSession(encode(graph), { threads: 1 });
      const { y } = await session.run({ x: { data: x, shape: [ROWS, COLUMNS] } });
      await session.release();
      const host = onHost(format, x);
      const differ = host.subarray(0, rows).filter((value, i) => !Object.is(value, (y as Float32Array)[i]));
      assert.ok(differ.length <= rows / 1000, `${format.id}: ${differ.length} of ${rows}`);
    }
  });

  it("makes NaN of a group that holds NaN or infinity, or needs a scale above its store's range", async () => {
    const x = matrix(5);
    x[3] = Number.NaN;
    x[2 * COLUMNS + 40] = Number.POSITIVE_INFINITY;
    const [sf4, e4m3] = await inGraph([parseFormat("sf4@g32"), parseFormat("int4@g32:e4m3")], x);
    const isLost = (y: Float32Array, row: number, from: number, to: number) =>
      y.subarray(row * COLUMNS + from, row * COLUMNS + to).every(Number.isNaN);
    assert.ok(isLost(sf4!, 0, 0, 32) && isLost(sf4!, 2, 32, 64));
    assert.ok(!Number.isNaN(sf4![32]) && !Number.isNaN(sf4![2 * COLUMNS + 64]));
    // Row 22 holds thousands: a scale of more than 448.
    assert.ok(isLost(e4m3!, 22, 0, 32) && !Number.isNaN(e4m3![COLUMNS]));
  });

  it("refuses formats that it cannot fit in one line", () => {
    const graph = createGraph();
    const x = input(graph, "x", "float32", [2, 64]);
    for (const id of ["olive4", "nf4-dq", "ant4"])
      assert.throws(
        () => fakeQuantize(graph, x, { format: parseFormat(id) }),
        (error) => error instanceof UserError && error.message.startsWith(id) && !error.message.includes("\n"),
      );
  });

  describe("its gradient", () => {
    // The clipped scale of super range is that of its 8: −6 and −8 of the rows become −8, beyond the codebook's −6.
    const x = Float32Array.of(6, -6, 2.4, 0.1, 8, -8, -6, 3);

    async function gradientOf(id: string, gradient: RoundingGradient): Promise<number[]> {
      const graph = createGraph();
      const value = input(graph, "x", "float32", [2, 4]);
      const weights = input(graph, "weights", "float32", [2, 4]);
      const y = fakeQuantize(graph, value, { format: parseFormat(id), gradient });
      output(graph, "dx", gradients(graph, meanAll(graph, mul(graph, y, weights)), [value])[0]!);
      const session = await createSession(encode(graph), { threads: 1 });
      const w = Float32Array.of(8, 16, 24, 32, 40, 48, 56, 64);
      const { dx } = await session.run({ weights: { data: w, shape: [2, 4] }, x: { data: x, shape: [2, 4] } });
      await session.release();
      return [...(dx as Float32Array)];
    }

    it("is that of the identity", async () => {
      assert.deepEqual(await gradientOf("e2m1@row", "identity"), [1, 2, 3, 4, 5, 6, 7, 8]);
    });

    it("is 0 where a number saturates, under clipped", async () => {
      assert.deepEqual(await gradientOf("e2m1+sr@row:clipped", "clipped"), [1, 0, 3, 4, 5, 0, 7, 8]);
      assert.deepEqual(await gradientOf("e2m1+sr@row:absmax", "clipped"), [1, 2, 3, 4, 5, 6, 7, 8]);
      // The zero point 7.5 becomes 8, which leaves no level for the largest number.
      assert.deepEqual(await gradientOf("uint4@row:zeropoint", "clipped"), [0, 2, 3, 4, 0, 6, 7, 8]);
    });

    it("is 0 from the box's wall on, whatever the scale", async () => {
      assert.deepEqual(await gradientOf("int4@row", { box: 2.5 }), [0, 0, 3, 4, 0, 0, 0, 0]);
      assert.deepEqual(await gradientOf("int4@row", { box: 6 }), [0, 0, 3, 4, 0, 0, 0, 8]);
    });

    it("is that of the codebook a group has chosen, in families", async () => {
      assert.deepEqual(await gradientOf("bitmod4@row", "clipped"), [1, 2, 3, 4, 5, 6, 7, 8]);
    });
  });
});
