import assert from "node:assert/strict";
import { join } from "node:path";
import { createCalibrator, type Moments, momentsOf } from "../../../evaluate/calibration/index.ts";
import { sitesOf } from "../../../evaluate/calibration/site.ts";
import { createSession, type HostTensor } from "../../../evaluate/engine/session.ts";
import { createGraph, encode, input, output } from "../../../evaluate/graph/index.ts";
import { modelLogits } from "../../../evaluate/model/architectures/index.ts";
import {
  linearLayers,
  loadWeights,
  openCheckpoint,
  packageRoot,
  readModelConfig,
  tensorShapes,
} from "../../../evaluate/model/index.ts";

const dir = join(packageRoot(), "test", "golden", "tiny-llama-untied");
const config = readModelConfig(dir);
const shapes = tensorShapes(config);
const names = linearLayers(config).map(({ name }) => name);
const [context, count] = [7, 6];
const windows = Int32Array.from({ length: context * count }, (_, i) => (i * i + 3 * i) % config.vocabSize);
const model: Parameters<typeof createCalibrator>[0] = (graph, weight, tokens, batch) =>
  modelLogits({ graph, tokens, batch, weight }, config);

function load(): Map<string, Float32Array> {
  const checkpoint = openCheckpoint(dir);
  try {
    return loadWeights(checkpoint, config);
  } finally {
    checkpoint.close();
  }
}

/** Inputs of every site, taken from the whole model in one run. */
async function inputs(weights: ReadonlyMap<string, Float32Array>): Promise<Map<string, Float32Array>> {
  const graph = createGraph();
  const tokens = input(graph, "tokens", "int64", [windows.length]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  model(graph, (name) => values.get(name)!, tokens, count, {});
  const sites = sitesOf(graph, names);
  for (const { input: x, layers } of sites) output(graph, `x:${layers[0]}`, x);
  const session = await createSession(encode(graph));
  const feeds: Record<string, HostTensor> = {
    tokens: { data: BigInt64Array.from(windows, BigInt), shape: [windows.length] },
  };
  for (const [name, shape] of shapes) feeds[name] = { data: weights.get(name)!, shape };
  const results = await session.run(feeds);
  await session.release();
  return new Map(sites.map(({ layers }) => [layers[0]!, results[`x:${layers[0]}`] as Float32Array]));
}

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length);
  const size = Math.max(...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++) {
    assert.ok(Math.abs(actual[i]! - expected[i]!) < 1e-5 * size, `${what}[${i}]: ${actual[i]} against ${expected[i]}`);
  }
}

function assertMoments(actual: Moments, expected: Moments, what: string): void {
  assert.deepEqual([actual.columns, actual.tokens], [expected.columns, expected.tokens]);
  for (const field of ["gram", "absMean", "absMax"] as const) close(actual[field], expected[field], `${what} ${field}`);
}

describe("createCalibrator", () => {
  const calibrator = createCalibrator(model, shapes, names, { windows, count, context });
  after(() => calibrator.release());

  it("groups the layers that share an input, in the order of computation", () => {
    const kinds = calibrator.sites.map((site) => site.map((name) => name.split(".").at(-2)).join(" "));
    const block = ["q_proj k_proj v_proj", "o_proj", "gate_proj up_proj", "down_proj"];
    assert.deepEqual(kinds, [...block, ...block]);
    assert.equal(calibrator.tokens, 42);
  });

  it("gives the moments of the inputs that one run of the whole model has", async () => {
    const weights = load();
    const expected = await inputs(weights);
    const seen: string[] = [];
    await calibrator.walk(weights, ([layer], moments) => {
      seen.push(layer!);
      const x = expected.get(layer!)!;
      assertMoments(moments, momentsOf(x, moments.columns), layer!);
      assert.equal(moments.drift, null);
    });
    assert.deepEqual(seen, [...expected.keys()]);
  });

  it("shows later sites the weights that a visit has changed, and the drift to the reference", async () => {
    const [weights, reference] = [load(), load()];
    const moments = new Map<string, Moments>();
    await calibrator.walk(
      weights,
      (layers, each) => {
        moments.set(layers[0]!, each);
        for (const layer of layers)
          weights.get(layer)!.forEach((w, i, all) => {
            all[i] = Math.round(w * 20) / 20;
          });
      },
      reference,
    );
    const [after, before] = [await inputs(weights), await inputs(reference)];
    for (const [layer, x] of after) {
      const expected = momentsOf(x, moments.get(layer)!.columns, before.get(layer)!);
      assertMoments(moments.get(layer)!, expected, layer);
      const scale = Math.max(...expected.gram);
      moments.get(layer)!.drift!.forEach((value, i) => {
        assert.ok(Math.abs(value - expected.drift![i]!) < 1e-5 * scale, `${layer} drift ${i}`);
      });
    }
    assert.ok(Math.max(...moments.get("model.layers.1.mlp.down_proj.weight")!.drift!) > 1e-4);
  });

  it("walks the reference beside weights that replace its own in place, and lets activations wait on disk", async () => {
    const round = (array: Float32Array) => array.set(array.map((w) => Math.round(w * 20) / 20));
    const walk = async (weights: Map<string, Float32Array>, reference: Map<string, Float32Array>, bytes?: number) => {
      const own = createCalibrator(model, shapes, names, {
        ...{ windows, count, context },
        ...(bytes === undefined ? {} : { waitingBytes: bytes }),
      });
      const seen: number[][] = [];
      const visit = (layers: readonly string[], { gram, drift }: Moments) => {
        seen.push([...gram, ...drift!]);
        for (const layer of layers) round(weights.get(layer)!);
      };
      await own.walk(weights, visit, reference);
      await own.release();
      return seen;
    };
    const same = load();
    const apart = await walk(load(), load());
    assert.deepEqual(await walk(same, same), apart);
    assert.deepEqual(await walk(load(), load(), 1000), apart);
  });

  it("halves the batch where memory does not suffice, says so, and goes on with the same window", async () => {
    const notes: string[] = [];
    let fails = 0;
    const open: typeof createSession = async (bytes, options) => {
      const session = await createSession(bytes, options);
      return {
        ...session,
        async run(feeds, into) {
          const rows = (feeds.tokens as HostTensor).shape[0]!;
          // The second run of the third stage, and then all of more than two windows.
          if (rows > 2 * context && ++fails > 2) throw new Error("Failed to allocate memory for requested buffer");
          return session.run(feeds, into);
        },
      };
    };
    const small = createCalibrator(model, shapes, names, { windows, count, context, warn: (n) => notes.push(n) }, open);
    const weights = load();
    const expected = await inputs(weights);
    await small.walk(weights, ([layer], moments) => {
      assertMoments(moments, momentsOf(expected.get(layer!)!, moments.columns), layer!);
    });
    await small.release();
    assert.deepEqual(notes, [
      "calibration: out of memory with a batch of 6; went on with 3",
      "calibration: out of memory with a batch of 3; went on with 1",
    ]);
  });

  it("refuses activations that are not finite, naming the layers", async () => {
    const weights = load();
    weights.get("model.layers.0.mlp.up_proj.weight")!.fill(3e38);
    await assert.rejects(
      calibrator.walk(weights, () => {}),
      /calibration: the inputs of model\.layers\.0\.mlp\.down_proj\.weight are not finite/,
    );
  });
});
