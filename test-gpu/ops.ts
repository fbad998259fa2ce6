import { createSession, type Device, type HostTensor } from "../evaluate/engine/session.ts";
import {
  allOps,
  apply,
  constant,
  createGraph,
  type Data,
  gradients,
  input,
  meanAll,
  mul,
  type Op,
  output,
  type Sample,
  size,
  type Value,
} from "../evaluate/graph/index.ts";
import { normals } from "../test/random.ts";
import { type Check, relativeError } from "./check.ts";
import { elsewhere } from "./elsewhere.ts";

/** float32 against float32: a few units in the last place of the largest number, summed in another order. */
const TOLERANCE = 1e-5;

/** Every op forward and backward, on the samples it declares: the same float32 inputs on device and CPU. */
export async function* opChecks(device: Device): AsyncGenerator<Check> {
  for (const op of allOps as unknown as readonly Op<unknown, unknown>[]) {
    let error = 0;
    const places: string[] = [];
    for (const [k, sample] of op.samples.entries()) {
      const { graph, feeds } = opGraph(op, sample, k);
      const host = await run(graph, feeds, "cpu");
      const there = await elsewhere(device, (profile) => run(graph, feeds, device, profile));
      for (const name of Object.keys(host)) error = Math.max(error, relativeError(there.result[name]!, host[name]!));
      if (there.elsewhere) places.push(there.elsewhere);
    }
    if (op.samples.length === 0) continue;
    yield { what: `op ${op.name}`, error, tolerance: TOLERANCE, elsewhere: places.join("; ") };
  }
}

function opGraph(op: Op<unknown, unknown>, sample: Sample<unknown>, k: number) {
  const random = normals(17 + k);
  const graph = createGraph();
  const feeds: Record<string, HostTensor> = {};
  const free: Value[] = [];
  const inputs = sample.inputs.map((entry, i) => {
    const given = "data" in entry;
    const shape = given ? entry.shape : entry;
    const number = () => (sample.positive ? Math.abs(random()) + 0.5 : random());
    const data: Data = given
      ? entry.data instanceof Float64Array
        ? Float32Array.from(entry.data)
        : entry.data
      : Float32Array.from({ length: size(shape) }, number);
    const value = input(graph, `x${i}`, data instanceof BigInt64Array ? "int64" : "float32", shape);
    feeds[value.name] = { data, shape };
    if (!given) free.push(value);
    return value;
  });
  const y = apply(graph, op, inputs, sample.attributes);
  output(graph, "y", y);
  const weights = constant(graph, Float32Array.from({ length: size(y.shape) }, random), y.shape);
  const loss = meanAll(graph, mul(graph, y, weights));
  gradients(graph, loss, free).forEach((grad, i) => {
    output(graph, `grad${i}`, grad);
  });
  return { graph, feeds };
}

async function run(
  graph: ReturnType<typeof createGraph>,
  feeds: Record<string, HostTensor>,
  device: Device,
  profile?: string,
) {
  const session = await createSession(graph, { device, ...(profile ? { profile } : {}) });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}
