import assert from "node:assert/strict";
import {
  assertFinite,
  linearLayers,
  loadWeights,
  openCheckpoint,
  readModelConfig,
  type TensorEntry,
  tensorShapes,
} from "../../../evaluate/model/index.ts";
import { assertUserError, sharedPath, temporaryDirectory } from "./support.ts";
import { tinyTensors, writeConfig, writeWeights } from "./tinyLlama.ts";

describe("evaluate/model/layers", () => {
  const temporary = temporaryDirectory();
  const load = (change: (entries: TensorEntry[]) => TensorEntry[] = (entries) => entries) => {
    writeWeights(temporary.at(), change(tinyTensors(temporary.at())));
    const checkpoint = openCheckpoint(temporary.at());
    try {
      return loadWeights(checkpoint, readModelConfig(temporary.at()));
    } finally {
      checkpoint.close();
    }
  };
  const replace = (name: string, shape: number[], data: Float32Array) => (entries: TensorEntry[]) =>
    entries.map((entry) => (entry.name === name ? { name, shape, data } : entry));

  it("tensorShapes lists the tensors of a Llama in the order of computation", () => {
    writeConfig(temporary.at(), { num_hidden_layers: 1, head_dim: 6, attention_bias: true });
    assert.deepEqual(
      [...tensorShapes(readModelConfig(temporary.at()))],
      [
        ["model.embed_tokens.weight", [11, 8]],
        ["model.layers.0.input_layernorm.weight", [8]],
        ["model.layers.0.self_attn.q_proj.weight", [24, 8]],
        ["model.layers.0.self_attn.q_proj.bias", [24]],
        ["model.layers.0.self_attn.k_proj.weight", [12, 8]],
        ["model.layers.0.self_attn.k_proj.bias", [12]],
        ["model.layers.0.self_attn.v_proj.weight", [12, 8]],
        ["model.layers.0.self_attn.v_proj.bias", [12]],
        ["model.layers.0.self_attn.o_proj.weight", [8, 24]],
        ["model.layers.0.self_attn.o_proj.bias", [8]],
        ["model.layers.0.post_attention_layernorm.weight", [8]],
        ["model.layers.0.mlp.gate_proj.weight", [12, 8]],
        ["model.layers.0.mlp.up_proj.weight", [12, 8]],
        ["model.layers.0.mlp.down_proj.weight", [8, 12]],
        ["model.norm.weight", [8]],
        ["lm_head.weight", [11, 8]],
      ],
    );
  });

  it("tensorShapes gives biases to the feed-forward by mlp_bias, and no head to tied embeddings", () => {
    writeConfig(temporary.at(), { mlp_bias: true, tie_word_embeddings: true });
    const shapes = tensorShapes(readModelConfig(temporary.at()));
    assert.deepEqual(shapes.get("model.layers.1.mlp.down_proj.bias"), [8]);
    assert.ok(!shapes.has("model.layers.1.self_attn.q_proj.bias"));
    assert.ok(!shapes.has("lm_head.weight"));
  });

  it("linearLayers lists seven layers a block with their sizes", () => {
    writeConfig(temporary.at());
    const linears = linearLayers(readModelConfig(temporary.at()));
    assert.equal(linears.length, 14);
    assert.deepEqual(linears[1], {
      name: "model.layers.0.self_attn.k_proj.weight",
      layer: 0,
      kind: "k_proj",
      rows: 4,
      cols: 8,
    });
    assert.deepEqual(linears[13], {
      name: "model.layers.1.mlp.down_proj.weight",
      layer: 1,
      kind: "down_proj",
      rows: 8,
      cols: 12,
    });
  });

  it("loadWeights reads every tensor as float32", () => {
    writeConfig(temporary.at());
    const weights = load();
    assert.equal(weights.size, 21);
    assert.deepEqual([...weights.get("model.layers.0.input_layernorm.weight")!], Array(8).fill(1));
    assert.equal(weights.get("lm_head.weight")![87], 20);
  });

  it("loadWeights tolerates rotary tables, and a head saved beside tied embeddings, and does not return them", () => {
    writeConfig(temporary.at(), { tie_word_embeddings: true });
    const extra = ["lm_head.weight", "model.layers.0.self_attn.rotary_emb.inv_freq"];
    const weights = load((entries) => [
      ...entries,
      ...extra.map((name) => ({ name, shape: [1], data: Float32Array.of(1) })),
    ]);
    assert.deepEqual(
      extra.filter((name) => weights.has(name)),
      [],
    );
  });

  it("loadWeights names a tensor that is missing, with the shape it should have", () => {
    writeConfig(temporary.at());
    assertUserError(
      () => load((entries) => entries.filter(({ name }) => name !== "lm_head.weight")),
      temporary.at(),
      "lm_head.weight [11,8] is missing",
    );
  });

  it("loadWeights names a tensor of another shape, with both shapes", () => {
    writeConfig(temporary.at());
    const name = "model.layers.1.mlp.up_proj.weight";
    assertUserError(() => load(replace(name, [8, 12], new Float32Array(96))), name, "[8,12]", "[12,8]");
    assertUserError(() => load(replace(name, [96], new Float32Array(96))), name, "[96]", "[12,8]");
  });

  it("loadWeights refuses a tensor that the architecture does not have", () => {
    writeConfig(temporary.at());
    const name = "model.layers.0.self_attn.q_norm.weight";
    assertUserError(
      () => load((entries) => [...entries, { name, shape: [2], data: new Float32Array(2) }]),
      name,
      "no part of the model",
    );
    assertUserError(
      () =>
        load((entries) => [
          ...entries,
          { name: "model.layers.2.mlp.up_proj.weight", shape: [0], data: new Float32Array(0) },
        ]),
      "layers.2",
    );
  });

  it("loadWeights names a tensor with NaN, and counts", () => {
    writeConfig(temporary.at());
    const data = new Float32Array(96).fill(1);
    data[5] = Number.NaN;
    data[7] = Number.NEGATIVE_INFINITY;
    data[95] = Number.NaN;
    const name = "model.layers.1.mlp.up_proj.weight";
    assertUserError(
      () => load(replace(name, [12, 8], data)),
      temporary.at(),
      name,
      "2 NaN and 1 infinite values among 96",
      "index 5",
    );
  });

  it("assertFinite accepts the largest and the smallest floats, and sees NaN of any payload", () => {
    assertFinite("w", Float32Array.of(3.4028234663852886e38, -1e-45, 0, -0));
    const data = new Float32Array(2);
    new Uint32Array(data.buffer)[1] = 0xff800001;
    assertUserError(() => assertFinite("w", data), "tensor w", "1 NaN and 0 infinite values among 2");
  });

  it("loadWeights reads stories260K and BabyLlama (needs ../shared)", function () {
    for (const [name, count] of [
      ["stories260K", 260_032],
      ["babyllama105", 936_448],
    ] as const) {
      const directory = sharedPath("models", name);
      if (directory === null) return this.skip();
      const checkpoint = openCheckpoint(directory);
      const weights = loadWeights(checkpoint, readModelConfig(directory));
      checkpoint.close();
      assert.equal(weights.size, 47);
      assert.equal(
        [...weights.values()].reduce((sum, { length }) => sum + length, 0),
        count,
      );
    }
  });
});
