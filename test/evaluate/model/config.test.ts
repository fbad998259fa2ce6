import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import type { LlamaConfig } from "../../../evaluate/model/architectures/index.ts";
import { readModelConfig } from "../../../evaluate/model/index.ts";
import { assertUserError, sharedPath, temporaryDirectory } from "./support.ts";
import { writeConfig } from "./tinyLlama.ts";

const LLAMA3 = {
  rope_type: "llama3",
  factor: 32,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
};

describe("evaluate/model/config", () => {
  const temporary = temporaryDirectory();
  const read = (changes: Record<string, unknown> = {}) => {
    writeConfig(temporary.at(), changes);
    return readModelConfig(temporary.at()) as LlamaConfig;
  };

  it("readModelConfig reads every field", () => {
    assert.deepEqual(read({ attention_bias: true, mlp_bias: true, head_dim: 6 }), {
      architecture: "LlamaForCausalLM",
      hiddenSize: 8,
      intermediateSize: 12,
      numLayers: 2,
      numHeads: 4,
      numKeyValueHeads: 2,
      headDim: 6,
      vocabSize: 11,
      maxPositionEmbeddings: 32,
      rmsNormEps: 0.00001,
      ropeTheta: 10000,
      ropeScaling: null,
      tieWordEmbeddings: false,
      attentionBias: true,
      mlpBias: true,
      hiddenAct: "silu",
      bosTokenId: 0,
      eosTokenId: 1,
      dtype: "float32",
    });
  });

  it("readModelConfig fills in the defaults of transformers", () => {
    const absent = undefined;
    const config = read({
      num_key_value_heads: absent,
      max_position_embeddings: absent,
      rms_norm_eps: absent,
      rope_theta: absent,
      hidden_act: absent,
      tie_word_embeddings: absent,
      architectures: absent,
      torch_dtype: absent,
      bos_token_id: null,
      head_dim: null,
    });
    assert.equal(config.numKeyValueHeads, 4);
    assert.equal(config.headDim, 2);
    assert.equal(config.maxPositionEmbeddings, 2048);
    assert.equal(config.rmsNormEps, 1e-6);
    assert.equal(config.ropeTheta, 10000);
    assert.equal(config.tieWordEmbeddings, false);
    assert.equal(config.bosTokenId, null);
    assert.equal(config.dtype, null);
  });

  it("readModelConfig reads Llama 3's rope scaling and several end tokens", () => {
    const config = read({ rope_scaling: LLAMA3, rope_theta: 500000.0, eos_token_id: [1, 8, 9] });
    assert.deepEqual(config.ropeScaling, {
      type: "llama3",
      factor: 32,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalMaxPositionEmbeddings: 8192,
    });
    assert.equal(config.ropeTheta, 500000);
    assert.deepEqual(config.eosTokenId, [1, 8, 9]);
  });

  it("readModelConfig reads what transformers 5 writes: rope_parameters and dtype", () => {
    const changes = { rope_theta: undefined, torch_dtype: undefined, dtype: "bfloat16" };
    const plain = read({ ...changes, rope_parameters: { rope_theta: 20000, rope_type: "default" } });
    assert.equal(plain.ropeTheta, 20000);
    assert.equal(plain.ropeScaling, null);
    assert.equal(plain.dtype, "bfloat16");
    const scaled = read({ ...changes, rope_parameters: { rope_theta: 500000, ...LLAMA3 } });
    assert.equal(scaled.ropeTheta, 500000);
    assert.equal(scaled.ropeScaling?.factor, 32);
  });

  it("readModelConfig names an architecture that is not supported, and those that are", () => {
    assertUserError(
      () => read({ architectures: ["T5ForConditionalGeneration"] }),
      "config.json",
      '"T5ForConditionalGeneration"',
      "supported: LlamaForCausalLM",
    );
    assertUserError(() => read({ architectures: undefined, model_type: "t5" }), '"t5"', "supported: LlamaForCausalLM");
    assertUserError(() => read({ architectures: [] }), "supported");
    assertUserError(() => read({ architectures: "LlamaForCausalLM" }), "must be a list");
  });

  const refused: [string, Record<string, unknown>, string][] = [
    ["a missing size", { hidden_size: undefined }, "hidden_size must be an integer from 1 to 262144, found nothing"],
    ["a size of zero", { num_hidden_layers: 0 }, "num_hidden_layers must be an integer"],
    ["a negative size", { vocab_size: -5 }, "vocab_size must be"],
    ["a size in quotes", { vocab_size: "32000" }, 'vocab_size must be an integer from 1 to 4194304, found "32000"'],
    ["a fractional size", { intermediate_size: 1.5 }, "intermediate_size must be"],
    ["a gigantic size", { vocab_size: 1e15 }, "vocab_size must be"],
    [
      "heads that do not divide the width",
      { hidden_size: 10 },
      "hidden_size 10 is no multiple of num_attention_heads 4",
    ],
    ["key heads that do not divide the heads", { num_key_value_heads: 3 }, "no multiple of num_key_value_heads 3"],
    ["more key heads than heads", { num_key_value_heads: 8 }, "num_key_value_heads must be an integer from 1 to 4"],
    ["an odd head dimension", { head_dim: 3 }, "head_dim 3 is odd"],
    ["a negative epsilon", { rms_norm_eps: -1 }, "rms_norm_eps must be a number from 0 to 1"],
    ["another activation", { hidden_act: "mish" }, 'hidden_act "mish" is not supported; supported: silu, swish, gelu,'],
    ["text for a flag", { tie_word_embeddings: "false" }, "tie_word_embeddings must be true or false"],
    ["sliding windows", { sliding_window: 4096 }, "sliding_window"],
    ["weights that are quantized already", { quantization_config: { quant_method: "gptq" } }, 'quant_method "gptq"'],
    ["partial rotation", { partial_rotary_factor: 0.5 }, "partial_rotary_factor"],
    [
      "an unknown rope scaling",
      { rope_scaling: { rope_type: "yarn", factor: 4 } },
      'rope scaling "yarn" is not supported; supported: default, llama3',
    ],
    ["an unknown rope scaling in the old spelling", { rope_scaling: { type: "linear", factor: 2 } }, '"linear"'],
    [
      "rope scaling without its factor",
      { rope_scaling: { ...LLAMA3, factor: undefined } },
      "rope_scaling.factor must be",
    ],
    [
      "rope scaling with an empty band",
      { rope_scaling: { ...LLAMA3, high_freq_factor: 1 } },
      "must exceed low_freq_factor",
    ],
    [
      "two values of rope_theta",
      { rope_parameters: { rope_theta: 5000 } },
      "rope_theta is 10000 but rope_parameters.rope_theta is 5000",
    ],
    ["a list as rope_scaling", { rope_scaling: [] }, "rope_scaling must be an object, found a list"],
    ["bad end tokens", { eos_token_id: [1, "2"] }, "eos_token_id must be a list of token ids"],
    ["a negative BOS", { bos_token_id: -1 }, "bos_token_id must be"],
  ];
  for (const [title, changes, message] of refused) {
    it(`readModelConfig refuses ${title}`, () => assertUserError(() => read(changes), "config.json", message));
  }

  it("readModelConfig refuses an absent, broken, ambiguous or oversized file, by name", () => {
    const write = (text: string | Uint8Array) => writeFileSync(temporary.at("config.json"), text);
    const run = () => readModelConfig(temporary.at());
    assertUserError(run, "config.json", "no such file");
    write('{"hidden_size": 8,');
    assertUserError(run, "config.json", "not valid JSON");
    write('{"hidden_size": 8, "hidden_size": 9}');
    assertUserError(run, "config.json", 'duplicate key "hidden_size"');
    write("[]");
    assertUserError(run, "config.json", "does not hold a JSON object");
    write(Uint8Array.of(0x7b, 0xff, 0x7d));
    assertUserError(run, "config.json", "not UTF-8");
    write(new Uint8Array(4 * 1024 * 1024 + 1));
    assertUserError(run, "config.json", "at most 4194304");
    rmSync(temporary.at("config.json"));
  });

  it("readModelConfig reads stories260K (needs ../shared)", function () {
    const directory = sharedPath("models", "stories260K");
    if (directory === null) return this.skip();
    const config = readModelConfig(directory) as LlamaConfig;
    assert.deepEqual([config.hiddenSize, config.headDim, config.numKeyValueHeads, config.vocabSize], [64, 8, 4, 512]);
    assert.equal(config.tieWordEmbeddings, true);
  });
});
