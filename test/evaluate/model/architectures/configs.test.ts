import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  loadWeights,
  type ModelConfig,
  openCheckpoint,
  packageRoot,
  readModelConfig,
  type TensorEntry,
  tensorShapes,
  writeSafetensors,
} from "../../../../evaluate/model/index.ts";
import { createEvaluator } from "../../../../evaluate/scoring/evaluator.ts";
import { UserError } from "../../../../formats/error.ts";
import { assertUserError, temporaryDirectory } from "../support.ts";

const golden = (name: string) => join(packageRoot(), "test", "golden", `tiny-${name}`);

describe("configurations of the architectures", () => {
  const temporary = temporaryDirectory();
  /** The config of a golden model with fields replaced; undefined removes one. */
  const read = (name: string, changes: Record<string, unknown>) => {
    const config = JSON.parse(readFileSync(join(golden(name), "config.json"), "utf8"));
    writeFileSync(temporary.at("config.json"), JSON.stringify({ ...config, ...changes }));
    return readModelConfig(temporary.at()) as ModelConfig & Record<string, unknown>;
  };

  it("Mistral has a window of 4096 where the file does not say, and none where it says null", () => {
    assert.deepEqual(read("mistral", { sliding_window: undefined }).slidingWindow, { size: 4096, layers: [0, 1] });
    assert.equal(read("mistral", { sliding_window: null }).slidingWindow, undefined);
  });

  it("Qwen2 has a window only where use_sliding_window is set, from max_window_layers on", () => {
    assert.deepEqual(read("qwen2", {}).slidingWindow, { size: 4, layers: [1] });
    assert.equal(read("qwen2", { use_sliding_window: false }).slidingWindow, undefined);
    assert.equal(read("qwen2", { max_window_layers: 2 }).slidingWindow, undefined);
    const types = ["sliding_attention", "full_attention"];
    assert.deepEqual(read("qwen2", { layer_types: types }).slidingWindow, { size: 4, layers: [0] });
    assert.equal(read("qwen2", { layer_types: types, use_sliding_window: false }).slidingWindow, undefined);
  });

  it("Gemma means the tanh form by gelu, has 256 per head, ties and takes 8192 positions where the file does not say", () => {
    const config = read("gemma", { head_dim: undefined, max_position_embeddings: undefined });
    assert.deepEqual(
      [config.hiddenAct, config.headDim, config.maxPositionEmbeddings, config.tieWordEmbeddings],
      ["gelu_tanh", 256, 8192, true],
    );
  });

  it("Gemma 2 has windows on every other block, and its caps unless they are null", () => {
    const absent = { attn_logit_softcapping: undefined, final_logit_softcapping: undefined };
    const config = read("gemma2", { ...absent, query_pre_attn_scalar: undefined });
    assert.deepEqual(config.slidingWindow, { size: 4, layers: [0] });
    assert.deepEqual([config.attentionSoftcap, config.logitSoftcap, config.attentionScale], [50, 30, 0.0625]);
    const open = read("gemma2", { attn_logit_softcapping: null, final_logit_softcapping: null });
    assert.deepEqual([open.attentionSoftcap, open.logitSoftcap], [undefined, undefined]);
  });

  it("GPT-2 has its defaults: four times the width, 1024 positions, tied", () => {
    const config = read("gpt2", { n_positions: undefined, n_inner: null, activation_function: undefined });
    assert.deepEqual(
      [config.intermediateSize, config.maxPositionEmbeddings, config.hiddenAct, config.tieWordEmbeddings],
      [96, 1024, "gelu_tanh", true],
    );
  });

  it("GPT-NeoX rotates the share that rotary_pct or transformers 5's rope_parameters gives", () => {
    assert.equal(read("gpt-neox", {}).rotaryDim, 4);
    const v5 = { rope_theta: 20000, partial_rotary_factor: 0.5, rope_type: "default" };
    const config = read("gpt-neox", { rotary_pct: undefined, rotary_emb_base: undefined, rope_parameters: v5 });
    assert.deepEqual([config.rotaryDim, config.ropeTheta], [8, 20000]);
  });

  it("BLOOM reads the names that bloom-560m mixes: n_embed and num_attention_heads", () => {
    const names = { hidden_size: undefined, n_embed: 24, n_head: undefined, num_attention_heads: 3 };
    const config = read("bloom", names);
    assert.deepEqual([config.hiddenSize, config.numHeads, config.headDim], [24, 3, 8]);
  });

  const refused: [name: string, what: string, changes: Record<string, unknown>, message: string][] = [
    [
      "qwen2",
      "other kinds of blocks",
      { layer_types: ["full_attention", "linear_attention"] },
      'layer_types "linear_attention" is not supported; supported: full_attention, sliding_attention',
    ],
    ["qwen3", "kinds for fewer blocks", { layer_types: ["full_attention"] }, "layer_types must be a list of 2 names"],
    ["gemma2", "a cap of zero", { attn_logit_softcapping: 0 }, "attn_logit_softcapping must be a number"],
    ["qwen2", "a window without its size", { sliding_window: "4" }, "sliding_window must be an integer"],
    ["mistral", "an empty window", { sliding_window: 0 }, "sliding_window must be an integer from 1"],
    [
      "gemma",
      "another activation",
      { hidden_activation: "silu" },
      'hidden_activation "silu" is not supported in Gemma',
    ],
    ["gemma", "attention both ways", { use_bidirectional_attention: true }, "use_bidirectional_attention true"],
    ["gpt2", "cross-attention", { add_cross_attention: true }, "add_cross_attention true is not supported"],
    ["gpt2", "an unknown activation", { activation_function: "mish" }, 'activation_function "mish" is not supported'],
    ["gpt2", "a width that heads do not divide", { n_head: 5 }, "n_embd 24 is no multiple of n_head 5"],
    ["gpt2", "no width", { n_embd: undefined }, "n_embd must be an integer"],
    ["gpt2", "quantized weights", { quantization_config: { quant_method: "gptq" } }, 'quant_method "gptq"'],
    ["opt", "layers without bias", { enable_bias: false }, "enable_bias false is not supported"],
    ["opt", "norms without weights", { layer_norm_elementwise_affine: false }, "layer_norm_elementwise_affine false"],
    ["opt", "no feed-forward", { ffn_dim: undefined }, "ffn_dim must be an integer"],
    ["gpt-neox", "a share that leaves no pair", { rotary_pct: 0.05 }, "0 of 16 dimensions of a head would rotate"],
    ["gpt-neox", "an odd number of rotating dimensions", { rotary_pct: 0.2 }, "3 of 16 dimensions"],
    ["gpt-neox", "a share above one", { rotary_pct: 1.5 }, "rotary_pct must be a number from 0 to 1"],
    ["gpt-neox", "two shares", { rope_parameters: { partial_rotary_factor: 0.5 } }, "rotary_pct is 0.25 but"],
    ["gpt-neox", "scaled positions", { rope_scaling: { type: "linear", factor: 2 } }, 'rope scaling "linear"'],
    ["phi", "norms on queries and keys", { qk_layernorm: true }, "qk_layernorm true is not supported"],
    ["phi", "key heads that do not divide the heads", { num_key_value_heads: 3 }, "no multiple of num_key_value_heads"],
    ["bloom", "a negative epsilon", { layer_norm_epsilon: -1 }, "layer_norm_epsilon must be a number"],
    ["bloom", "no heads", { n_head: 0 }, "n_head must be an integer from 1"],
  ];
  for (const [name, what, changes, message] of refused) {
    it(`${name} refuses ${what}`, () => assertUserError(() => read(name, changes), "config.json", message));
  }

  it("an unknown architecture is told all that are known", () => {
    assertUserError(
      () => read("gpt2", { architectures: ["RwkvForCausalLM"] }),
      'architecture "RwkvForCausalLM" is not supported; supported: LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM,',
      "GPT2LMHeadModel",
      "BloomForCausalLM",
    );
  });

  const rewrite = (name: string, change: (entry: TensorEntry) => TensorEntry | null) => {
    cpSync(golden(name), temporary.at(), { recursive: true });
    const source = openCheckpoint(golden(name));
    const entries = source.names().flatMap((each) => {
      const entry = change({ name: each, shape: source.info(each).shape, data: source.read(each) });
      return entry ? [entry] : [];
    });
    source.close();
    writeSafetensors(temporary.at("model.safetensors"), entries, { dtype: "F32" });
    const checkpoint = openCheckpoint(temporary.at());
    try {
      return loadWeights(checkpoint, readModelConfig(temporary.at()));
    } finally {
      checkpoint.close();
    }
  };

  it("GPT-2 loads the same with and without the prefix transformer.", () => {
    const plain = rewrite("gpt2", (entry) => entry);
    const prefixed = rewrite("gpt2", (entry) => ({ ...entry, name: `transformer.${entry.name}` }));
    assert.deepEqual(prefixed, plain);
    assert.ok(plain.has("transformer.h.1.mlp.c_proj.weight"));
  });

  it("GPT-NeoX loads the same with the head named embed_out or lm_head", () => {
    const rename = ({ name, ...entry }: TensorEntry) => ({ ...entry, name: name.replace("embed_out", "lm_head") });
    assert.deepEqual(
      rewrite("gpt-neox", rename),
      rewrite("gpt-neox", (entry) => entry),
    );
  });

  it("GPT-2 keeps Conv1D weights transposed in memory", () => {
    const weights = rewrite("gpt2", (entry) => entry);
    const checkpoint = openCheckpoint(golden("gpt2"));
    const stored = checkpoint.read("h.0.mlp.c_fc.weight");
    checkpoint.close();
    // [inputs 24, outputs 96] in the file: input 3 of output 50.
    assert.equal(weights.get("transformer.h.0.mlp.c_fc.weight")![50 * 24 + 3], stored[3 * 96 + 50]);
  });

  it("GPT-2 refuses a weight stored as [outputs, inputs], and a missing one, naming the shape that is stored", () => {
    const name = "h.0.mlp.c_fc.weight";
    assertUserError(
      () => rewrite("gpt2", (entry) => (entry.name === name ? { ...entry, shape: [96, 24] } : entry)),
      name,
      "[96,24], but config.json implies [24,96]",
    );
    assertUserError(() => rewrite("gpt2", (entry) => (entry.name === name ? null : entry)), name, "[24,96] is missing");
  });

  it("learned positions end: a longer window is refused in one line", async () => {
    const config = readModelConfig(golden("gpt2"));
    await assert.rejects(createEvaluator(config, tensorShapes(config), { context: 34, batch: 1 }), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /33 tokens is longer than the model's 32 learned positions/);
      return true;
    });
  });
});
