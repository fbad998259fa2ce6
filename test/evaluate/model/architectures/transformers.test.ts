import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSession } from "../../../../evaluate/engine/session.ts";
import {
  createGraph,
  crossEntropy,
  encode,
  gradients,
  input,
  meanAll,
  output,
  reshape,
  slice,
  type Value,
} from "../../../../evaluate/graph/index.ts";
import { architectures, modelLogits } from "../../../../evaluate/model/architectures/index.ts";
import {
  exportTensors,
  linearLayers,
  loadWeights,
  openCheckpoint,
  packageRoot,
  readModelConfig,
  tensorShapes,
} from "../../../../evaluate/model/index.ts";
import { scopedModel, scopedWeights } from "../../../../evaluate/trial/scopedModel.ts";

/** transformers' logits, loss and gradients, by test/golden/make-tiny-architectures.py (float64 arithmetic). */
interface Golden {
  inputIds: number[][];
  loss: number;
  gradientNorms: Record<string, number>;
  logits: number[][][];
}

/** Folder, and the linear layers of one block with [outputs, inputs]. */
const models: Record<string, Record<string, [rows: number, cols: number]>> = {
  mistral: {
    q_proj: [24, 24],
    k_proj: [12, 24],
    v_proj: [12, 24],
    o_proj: [24, 24],
    gate_proj: [40, 24],
    up_proj: [40, 24],
    down_proj: [24, 40],
  },
  qwen2: {
    q_proj: [24, 24],
    k_proj: [12, 24],
    v_proj: [12, 24],
    o_proj: [24, 24],
    gate_proj: [40, 24],
    up_proj: [40, 24],
    down_proj: [24, 40],
  },
  gemma: {
    q_proj: [32, 24],
    k_proj: [8, 24],
    v_proj: [8, 24],
    o_proj: [24, 32],
    gate_proj: [40, 24],
    up_proj: [40, 24],
    down_proj: [24, 40],
  },
  qwen3: {
    q_proj: [32, 24],
    k_proj: [16, 24],
    v_proj: [16, 24],
    o_proj: [24, 32],
    gate_proj: [40, 24],
    up_proj: [40, 24],
    down_proj: [24, 40],
  },
  gemma2: {
    q_proj: [32, 24],
    k_proj: [16, 24],
    v_proj: [16, 24],
    o_proj: [24, 32],
    gate_proj: [40, 24],
    up_proj: [40, 24],
    down_proj: [24, 40],
  },
  gpt2: { "attn.c_attn": [72, 24], "attn.c_proj": [24, 24], "mlp.c_fc": [96, 24], "mlp.c_proj": [24, 96] },
  opt: { q_proj: [24, 24], k_proj: [24, 24], v_proj: [24, 24], out_proj: [24, 24], fc1: [48, 24], fc2: [24, 48] },
  "opt-350m": {
    q_proj: [24, 24],
    k_proj: [24, 24],
    v_proj: [24, 24],
    out_proj: [24, 24],
    fc1: [48, 24],
    fc2: [24, 48],
  },
  "gpt-neox": { query_key_value: [96, 32], dense: [32, 32], dense_h_to_4h: [64, 32], dense_4h_to_h: [32, 64] },
  "gpt-neox-sequential": {
    query_key_value: [96, 32],
    dense: [32, 32],
    dense_h_to_4h: [64, 32],
    dense_4h_to_h: [32, 64],
  },
  phi: { q_proj: [32, 32], k_proj: [16, 32], v_proj: [16, 32], dense: [32, 32], fc1: [64, 32], fc2: [32, 64] },
  bloom: { query_key_value: [72, 24], dense: [24, 24], dense_h_to_4h: [96, 24], dense_4h_to_h: [24, 96] },
};

function open(name: string) {
  const dir = join(packageRoot(), "test", "golden", `tiny-${name}`);
  const golden = JSON.parse(readFileSync(join(dir, "expected.golden.json"), "utf8")) as Golden;
  const config = readModelConfig(dir);
  const checkpoint = openCheckpoint(dir);
  return { golden, config, checkpoint, shapes: tensorShapes(config), weights: loadWeights(checkpoint, config) };
}

/** Runs a model over the golden tokens; `more` adds outputs that depend on logits and weights. */
async function run(
  {
    golden,
    config,
    shapes,
    weights,
  }: Pick<ReturnType<typeof open>, "golden" | "config"> & {
    shapes: ReadonlyMap<string, readonly number[]>;
    weights: ReadonlyMap<string, Float32Array>;
  },
  more?: (graph: ReturnType<typeof createGraph>, logits: Value, values: ReadonlyMap<string, Value>) => void,
) {
  const [batch, time] = [golden.inputIds.length, golden.inputIds[0]!.length];
  const graph = createGraph();
  const tokens = input(graph, "tokens", "int64", [batch * time]);
  const values = new Map([...shapes].map(([key, shape]) => [key, input(graph, key, "float32", shape)]));
  const logits = modelLogits({ graph, tokens, batch, weight: (key) => values.get(key)! }, config);
  output(graph, "logits", logits);
  more?.(graph, logits, values);
  const session = await createSession(encode(graph), { threads: 1 });
  const feeds = Object.fromEntries([...shapes].map(([key, shape]) => [key, { data: weights.get(key)!, shape }]));
  const ids = BigInt64Array.from(golden.inputIds.flat(), BigInt);
  const results = await session.run({ ...feeds, tokens: { data: ids, shape: [batch * time] } });
  await session.release();
  return results;
}

const norm = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));

for (const [name, kinds] of Object.entries(models)) {
  describe(`${name} against transformers`, () => {
    it("gives its logits to 1e-5", async () => {
      const model = open(name);
      const { logits } = await run(model);
      const expected = model.golden.logits.flat(2);
      assert.equal(logits!.length, expected.length);
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(Number(logits![i]) - value)), 0);
      if (process.env.SHOW_ERRORS) console.log(`      ${name}: largest logit error ${worst.toExponential(2)}`);
      assert.ok(worst < 1e-5, `largest error ${worst}`);
      if (model.config.tieWordEmbeddings) {
        const untied = { ...model, ...scopedModel(model.config, "untie"), weights: scopedWeights(model, "untie") };
        assert.ok(untied.shapes.has("lm_head.weight"));
        assert.deepEqual((await run(untied)).logits, logits, "with a head of its own");
      }
      model.checkpoint.close();
    });

    it("gives its loss and the gradient of every parameter to 1e-5", async () => {
      const model = open(name);
      const { inputIds, gradientNorms } = model.golden;
      const [batch, time] = [inputIds.length, inputIds[0]!.length];
      const names = [...model.shapes.keys()];
      const results = await run(model, (graph, logits, values) => {
        // The logits of the last position have no label.
        const windows = reshape(graph, logits, [batch, time, logits.shape[1]!]);
        const scored = reshape(graph, slice(graph, windows, 1, 0, time - 1), [batch * (time - 1), logits.shape[1]!]);
        const tokens = reshape(graph, graph.inputs[0]!, [batch, time]);
        const labels = reshape(graph, slice(graph, tokens, 1, 1, time), [batch * (time - 1)]);
        const loss = meanAll(graph, crossEntropy(graph, scored, labels));
        output(graph, "loss", loss);
        gradients(
          graph,
          loss,
          names.map((each) => values.get(each)!),
        ).forEach((grad, i) => {
          output(graph, `grad:${names[i]}`, grad);
        });
      });
      assert.ok(Math.abs(Number(results.loss![0]) - model.golden.loss) < 1e-5 * model.golden.loss);
      assert.deepEqual([...names].sort(), Object.keys(gradientNorms).sort());
      for (const [each, expected] of Object.entries(gradientNorms)) {
        const actual = norm(results[`grad:${each}`] as Float32Array);
        assert.ok(
          Math.abs(actual - expected) < 1e-5 * Math.max(0.1, expected),
          `${each}: ${actual}, expected ${expected}`,
        );
      }
      model.checkpoint.close();
    });

    it("has these linear layers in every block, as [outputs, inputs]", () => {
      const { config, checkpoint } = open(name);
      const linears = linearLayers(config);
      assert.equal(linears.length, config.numLayers * Object.keys(kinds).length);
      for (let layer = 0; layer < config.numLayers; layer++) {
        for (const [kind, [rows, cols]] of Object.entries(kinds)) {
          const found = linears.filter((each) => each.layer === layer && each.name.endsWith(`.${kind}.weight`));
          assert.deepEqual(
            found.map((each) => [each.rows, each.cols]),
            [[rows, cols]],
            kind,
          );
        }
      }
      checkpoint.close();
    });

    it("exports every tensor under the name and in the layout of its checkpoint, bit for bit", () => {
      const { config, checkpoint, weights } = open(name);
      const written = [...exportTensors(checkpoint, config, (each) => weights.get(each)!)];
      assert.equal(written.length, weights.size);
      for (const entry of written) {
        assert.deepEqual([...entry.shape], [...checkpoint.info(entry.name).shape], entry.name);
        assert.deepEqual(entry.data, checkpoint.read(entry.name), entry.name);
      }
      checkpoint.close();
    });
  });
}

describe("the list of architectures", () => {
  it("holds no architecture without a model that is compared with transformers", () => {
    const compared = Object.keys(models).map((name) => {
      const { architectures } = JSON.parse(
        readFileSync(join(packageRoot(), "test", "golden", `tiny-${name}`, "config.json"), "utf8"),
      );
      return architectures[0] as string;
    });
    // Llama's comparison, with training steps, is llama.test.ts.
    const names = new Set([...compared, "LlamaForCausalLM"]);
    assert.deepEqual(architectures.map(({ name }) => name).sort(), [...names].sort());
  });
});
