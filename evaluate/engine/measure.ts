/** @file Rates of a device, from graphs that make their own data there, so that the host's link does not count. */
import { createGraph, expand, type Graph, input, matmul, neg, output, sum } from "../graph/index.ts";
import { createSession, type Device } from "./session.ts";

/** Best of a few runs after one that compiles; each repeats the work inside the graph to outweigh a run's fixed cost. */
const RUNS = 3;

/** GFLOP/s of a product of two n×n matrices in float32. Throws when the device's result is wrong. */
export async function matmulRate(device: Device, n: number, repeats = 1): Promise<number> {
  const graph = createGraph();
  // All entries 1/n: every power of the matrix is the matrix itself, and its sum is n.
  const filled = expand(graph, input(graph, "x", "float32", [1, 1]), [n, n]);
  let product = filled;
  for (let i = 0; i < repeats; i++) product = matmul(graph, product, filled);
  output(graph, "sum", sum(graph, product, [0, 1]));
  const { seconds, result } = await timed(device, graph, 1 / n);
  if (!(Math.abs(result / n - 1) < 1e-3)) throw new Error(`its matrix product is wrong: ${result} where ${n} is right`);
  return (repeats * 2 * n ** 3) / 1e9 / seconds;
}

/** GB/s, read and written together, of an elementwise pass over `count` float32 numbers in the device's memory. */
export async function copyRate(device: Device, count: number, repeats = 8): Promise<number> {
  const graph = createGraph();
  let value = expand(graph, input(graph, "x", "float32", [1, 1]), [1024, count / 1024]);
  for (let i = 0; i < repeats; i++) value = neg(graph, value);
  output(graph, "sum", sum(graph, value, [0, 1]));
  // Filling writes and the sum reads once more: together one more pass.
  const { seconds } = await timed(device, graph, 1);
  return ((repeats + 1) * 8 * count) / 1e9 / seconds;
}

/** GB/s of `count` float32 numbers from the host to the device and back, both ways counted. */
export async function transferRate(device: Device, count: number): Promise<number> {
  const graph = createGraph();
  output(graph, "y", neg(graph, input(graph, "x", "float32", [count])));
  const { seconds } = await timed(device, graph, new Float32Array(count));
  return (8 * count) / 1e9 / seconds;
}

async function timed(device: Device, graph: Graph, x: number | Float32Array) {
  const [data, shape] = typeof x === "number" ? [Float32Array.of(x), [1, 1]] : [x, [x.length]];
  const session = await createSession(graph, { device });
  try {
    const run = () => session.run({ x: { data, shape } });
    let result = Number(Object.values(await run())[0]![0]);
    let seconds = Number.POSITIVE_INFINITY;
    for (let i = 0; i < RUNS; i++) {
      const start = performance.now();
      result = Number(Object.values(await run())[0]![0]);
      seconds = Math.min(seconds, (performance.now() - start) / 1000);
    }
    return { seconds, result };
  } finally {
    await session.release();
  }
}
