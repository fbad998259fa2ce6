import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createCalibrator } from "../../../../evaluate/calibration/index.ts";
import { createSession } from "../../../../evaluate/engine/session.ts";
import { createGraph, encode, type Graph, input, output } from "../../../../evaluate/graph/index.ts";
import { methodById } from "../../../../evaluate/methods/index.ts";
import { type ModelGraph, modelLogits } from "../../../../evaluate/model/architectures/index.ts";
import {
  linearLayers,
  loadWeights,
  openCheckpoint,
  packageRoot,
  readModelConfig,
  tensorShapes,
} from "../../../../evaluate/model/index.ts";
import { parseFormat } from "../../../../formats/index.ts";

const names = [
  "llama-bias",
  "mistral",
  "qwen2",
  "qwen3",
  "gemma",
  "gemma2",
  "gpt2",
  "opt-350m",
  "gpt-neox",
  "phi",
  "bloom",
];

const folder = (name: string) => join(packageRoot(), "test", "golden", `tiny-${name}`);

/** Builds the graph of a model for 2 windows of 5 tokens. */
function build(name: string, hooks: (graph: Graph) => Partial<ModelGraph>): Graph {
  const config = readModelConfig(folder(name));
  const graph = createGraph();
  const tokens = input(graph, "tokens", "int64", [10]);
  const values = new Map([...tensorShapes(config)].map(([key, shape]) => [key, input(graph, key, "float32", shape)]));
  const model = { graph, tokens, batch: 2, weight: (key: string) => values.get(key)!, ...hooks(graph) };
  output(graph, "logits", modelLogits(model, config));
  return graph;
}

for (const name of names) {
  describe(`the graph of ${name}`, () => {
    const config = readModelConfig(folder(name));

    it("shows the input of every linear layer of the blocks, once, with its columns", () => {
      const seen: [string, number[]][] = [];
      build(name, () => ({
        linearInput(layer, x) {
          seen.push([layer, [...x.shape]]);
          return x;
        },
      }));
      const expected = linearLayers(config).map(({ name: layer, cols }) => [layer, [10, cols]] as [string, number[]]);
      assert.deepEqual(new Map(seen), new Map(expected));
      assert.equal(seen.length, expected.length);
    });

    it("shows keys and values of every block, and multiplies what the hook returns", async () => {
      const parts: string[] = [];
      const built = build(name, (graph) => ({
        cached(layer, part, x) {
          assert.deepEqual([x.shape.length, x.shape[0], x.shape[2]], [4, 2, 5]);
          parts.push(`${layer} ${part}`);
          return input(graph, `${layer} ${part}`, "float32", x.shape);
        },
      }));
      const layers = Array.from({ length: config.numLayers }, (_, layer) => [`${layer} key`, `${layer} value`]).flat();
      assert.deepEqual(parts, layers);
      // Inputs that nothing uses are pruned from a session.
      const session = await createSession(encode(built), { threads: 1 });
      for (const part of layers) assert.ok(session.inputNames.includes(part), part);
      await session.release();
    });

    it("shows each block's attention, what its layers put out and its hidden states, and goes on with what hooks return", async () => {
      const seen: string[] = [];
      const built = build(name, (graph) => ({
        attention(layer, [q], _options) {
          seen.push(`${layer} attention`);
          return input(graph, `${layer} attention`, "float32", q.shape);
        },
        linearOutput(layer, y) {
          const columns = linearLayers(config).find((each) => each.name === layer)!.rows;
          assert.deepEqual(y.shape, [10, columns]);
          return y;
        },
        block(layer, hidden) {
          seen.push(`${layer} block`);
          return layer === 0 ? hidden : input(graph, `${layer} block`, "float32", hidden.shape);
        },
      }));
      const layers = Array.from({ length: config.numLayers }, (_, layer) => [`${layer} attention`, `${layer} block`]);
      assert.deepEqual(seen, layers.flat());
      // Only what the last block returned matters then.
      const session = await createSession(encode(built), { threads: 1 });
      assert.ok(session.inputNames.includes(`${config.numLayers - 1} block`));
      assert.ok(!session.inputNames.includes(`${config.numLayers - 1} attention`));
      await session.release();
    });

    it("is calibrated and quantized by GPTQ without a line of its own", async () => {
      const checkpoint = openCheckpoint(folder(name));
      const weights = loadWeights(checkpoint, config);
      checkpoint.close();
      const { inputIds } = JSON.parse(readFileSync(join(folder(name), "expected.golden.json"), "utf8"));
      const matrices = linearLayers(config);
      const [count, context] = [inputIds.length, inputIds[0].length];
      const calibrator = createCalibrator(
        (graph, weight, tokens, batch) => modelLogits({ graph, tokens, batch, weight }, config),
        tensorShapes(config),
        matrices.map((each) => each.name),
        { windows: Int32Array.from(inputIds.flat()), count, context, threads: 1 },
      );
      const into = new Map(matrices.map((each) => [each.name, new Float32Array(each.rows * each.cols)]));
      const format = parseFormat("int3@g8");
      const { layers } = await methodById("gptq").quantize({ format, matrices, weights, into, calibrator });
      assert.equal(layers.length, matrices.length);
      for (const { name: layer, outputError } of layers) {
        assert.ok(outputError !== undefined && outputError > 0 && outputError < 0.1, `${layer}: ${outputError}`);
      }
      await calibrator.release();
    });
  });
}
