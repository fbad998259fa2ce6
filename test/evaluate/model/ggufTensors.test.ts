import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { openGgufTensors } from "../../../evaluate/model/ggufCheckpoint.ts";
import { undoRotaryOrder } from "../../../evaluate/model/ggufTensors.ts";
import { loadWeights, openCheckpoint, readModelConfig, resolveModel } from "../../../evaluate/model/index.ts";
import { readModelText } from "../../../evaluate/model/modelText.ts";
import { assertUserError, temporaryDirectory } from "./support.ts";
import { tinyMetadata, tinyTensors } from "./tinyGguf.ts";
import { floats, type GgufSpec, type GgufTensor, type Meta, writeGguf } from "./writeGguf.ts";

describe("evaluate/model/ggufTensors and ggufConfig", () => {
  const temporary = temporaryDirectory();
  const write = (spec: GgufSpec = { metadata: tinyMetadata(), tensors: tinyTensors() }): string => {
    writeGguf(temporary.at("tiny.gguf"), spec);
    return temporary.at("tiny.gguf");
  };
  const changed = (changes: Record<string, Meta | undefined>): string =>
    write({ metadata: tinyMetadata(changes), tensors: tinyTensors() });

  it("undoRotaryOrder turns neighbouring rows into halves, head by head", () => {
    // Two heads of six rows, one column: llama.cpp stores 0 3 1 4 2 5.
    const data = Float32Array.of(0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15);
    undoRotaryOrder(data, 12, 2);
    assert.deepEqual([...data], [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
  });

  it("openCheckpoint gives a GGUF Llama's tensors by their Hugging Face names, q and k in order", () => {
    const checkpoint = openCheckpoint(write());
    try {
      assert.deepEqual(checkpoint.names(), [
        "model.embed_tokens.weight",
        "model.layers.0.input_layernorm.weight",
        "model.layers.0.mlp.down_proj.weight",
        "model.layers.0.mlp.gate_proj.weight",
        "model.layers.0.mlp.up_proj.weight",
        "model.layers.0.post_attention_layernorm.weight",
        "model.layers.0.self_attn.k_proj.weight",
        "model.layers.0.self_attn.o_proj.weight",
        "model.layers.0.self_attn.q_proj.weight",
        "model.layers.0.self_attn.v_proj.weight",
        "model.norm.weight",
      ]);
      const firstColumn = (kind: string) => {
        const data = checkpoint.read(`model.layers.0.self_attn.${kind}.weight`);
        return Array.from({ length: data.length / 8 }, (_, row) => data[row * 8]);
      };
      assert.deepEqual(firstColumn("q_proj"), [0, 200, 100, 300, 400, 600, 500, 700]);
      assert.deepEqual(firstColumn("k_proj"), [0, 200, 100, 300]);
      assert.deepEqual(firstColumn("v_proj"), [0, 100, 200, 300]);
      assert.deepEqual(checkpoint.info("model.layers.0.mlp.down_proj.weight").shape, [8, 12]);
      assert.equal(checkpoint.readable("model.norm.weight"), true);
      assert.match(checkpoint.sha256(), /^[0-9a-f]{64}$/);
    } finally {
      checkpoint.close();
    }
  });

  it("readModelConfig reads a GGUF file as it reads config.json", () => {
    const config = readModelConfig(write());
    const expected = {
      architecture: "LlamaForCausalLM",
      hiddenSize: 8,
      intermediateSize: 12,
      numLayers: 1,
      numHeads: 2,
      numKeyValueHeads: 1,
      headDim: 4,
      vocabSize: 5,
      maxPositionEmbeddings: 64,
      rmsNormEps: 1e-5,
      ropeTheta: 100000,
      ropeScaling: null,
      tieWordEmbeddings: true,
      attentionBias: false,
      mlpBias: false,
      hiddenAct: "silu",
      bosTokenId: 1,
      eosTokenId: 2,
      dtype: null,
    };
    const found = Object.entries(config).filter(([key]) => key in expected);
    assert.deepEqual(Object.fromEntries(found), expected);
  });

  it("a head of its own and biases are seen in the tensors", () => {
    const bias = (name: string, rows: number): GgufTensor => ({
      name,
      shape: [rows],
      data: floats(Array(rows).fill(0)),
    });
    const [embedding] = tinyTensors();
    const path = write({
      metadata: tinyMetadata(),
      tensors: [...tinyTensors(), { ...embedding!, name: "output.weight" }, bias("blk.0.attn_q.bias", 8)],
    });
    const config = JSON.parse(readModelText(path, "config.json", 1e6)!) as Record<string, unknown>;
    assert.equal(config.tie_word_embeddings, false);
    assert.equal(config.attention_bias, true);
  });

  it("Llama 3's frequency factors become its rope_scaling, others are refused", () => {
    // Llama 3.2 1B: base 500000, heads of 64, factor 32 (the formula of transformers, evaluated by Python).
    const factors = [
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1.6513292457638986,
      3.2922621029408843,
      9.666728978753293,
      ...Array(14).fill(32),
    ];
    const llama3 = (values: number[]) =>
      write({
        metadata: tinyMetadata({
          "llama.embedding_length": ["u32", 128],
          "llama.rope.dimension_count": ["u32", 64],
          "llama.rope.freq_base": ["f32", 500000],
        }),
        tensors: [
          { name: "token_embd.weight", shape: [5, 128], data: floats(Array(640).fill(0)) },
          { name: "rope_freqs.weight", shape: [values.length], data: floats(values) },
        ],
      });
    const config = JSON.parse(readModelText(llama3(factors), "config.json", 1e6)!) as Record<string, unknown>;
    assert.deepEqual(config.rope_scaling, {
      rope_type: "llama3",
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    });
    assert.ok(!openGgufTensors(llama3(factors)).tensors.has("rope_freqs.weight"));
    const wrong = [...factors];
    wrong[16] = 3.3;
    assertUserError(() => readModelText(llama3(wrong), "config.json", 1e6), "rope_freqs.weight");
    assertUserError(() => readModelText(llama3(factors.slice(1)), "config.json", 1e6), "rope_freqs.weight");
  });

  const REFUSED: readonly [string, Meta | undefined, ...string[]][] = [
    ["general.architecture", ["str", "mamba"], '"mamba"', "llama"],
    ["general.architecture", undefined, "architecture"],
    ["llama.block_count", undefined, "llama.block_count is missing"],
    ["llama.block_count", ["str", "1"], "llama.block_count", "integer"],
    ["llama.attention.head_count", ["i32s", [2]], "llama.attention.head_count", "a list of 1"],
    ["llama.attention.head_count", ["u32", 0], "heads"],
    ["llama.attention.head_count", ["u32", 3], "3 heads"],
    ["llama.expert_count", ["u32", 8], "8 experts"],
    ["llama.rope.scaling.type", ["str", "yarn"], "yarn"],
    ["llama.rope.dimension_count", ["u32", 2], "rope.dimension_count 2"],
    ["llama.attention.value_length", ["u32", 8], "value_length 8"],
    ["llama.logit_scale", ["f32", 2], "llama.logit_scale"],
    ["split.count", ["u32", 2], "2 parts"],
  ];
  for (const [key, value, ...words] of REFUSED) {
    it(`a GGUF Llama with ${key} = ${value?.[1] ?? "nothing"} is refused`, () => {
      const path = changed({ [key]: value });
      assertUserError(() => readModelText(path, "config.json", 1e6), "tiny.gguf", ...words);
    });
  }

  it("a Qwen2 is a Llama with its rows in order, biases on q, k and v, and settings of its own name", () => {
    const metadata = tinyMetadata().map(([key, value]): [string, Meta] => [key.replace(/^llama\./, "qwen2."), value]);
    const architecture: [string, Meta] = ["general.architecture", ["str", "qwen2"]];
    const bias = (kind: string, rows: number): GgufTensor => ({
      name: `blk.0.attn_${kind}.bias`,
      shape: [rows],
      data: floats(Array.from({ length: rows }, (_, i) => i)),
    });
    const path = write({
      metadata: [architecture, ...metadata.slice(1)],
      tensors: [...tinyTensors(), bias("q", 8), bias("k", 4), bias("v", 4)],
    });
    const config = readModelConfig(path);
    assert.equal(config.architecture, "Qwen2ForCausalLM");
    const checkpoint = openCheckpoint(path);
    const weights = loadWeights(checkpoint, config);
    checkpoint.close();
    const query = weights.get("model.layers.0.self_attn.q_proj.weight")!;
    assert.deepEqual([query[0], query[8], query[16]], [0, 100, 200]);
    assert.deepEqual([...weights.get("model.layers.0.self_attn.k_proj.bias")!], [0, 1, 2, 3]);
  });

  it("tensors of an unknown architecture keep their names", () => {
    const checkpoint = openCheckpoint(changed({ "general.architecture": ["str", "mamba"] }));
    assert.ok(checkpoint.has("blk.0.attn_q.weight"));
    assert.equal(checkpoint.read("blk.0.attn_q.weight")[8], 100);
    checkpoint.close();
  });

  it("resolveModel takes a GGUF file as a whole model, and a folder of that name as a folder", () => {
    const path = write();
    assert.deepEqual(resolveModel(path), { kind: "gguf", name: "tiny", dir: path, source: "local" });
    mkdirSync(temporary.at("folder.gguf"));
    assert.equal(resolveModel(temporary.at("folder.gguf")).kind, "directory");
  });
});
