/**
 * @file The Llama decoder (Touvron et al. 2023) as a graph: pre-norm blocks of grouped-query attention with rotary
 * positions and a SwiGLU feed-forward. Tensor names and layouts are those of Hugging Face's LlamaForCausalLM.
 */
import {
  add,
  causalAttention,
  constant,
  embedding,
  type Graph,
  linear,
  mul,
  reshape,
  rmsNorm,
  rope,
  silu,
  transpose,
  type Value,
} from "../../graph/index.ts";
import type { LlamaConfig } from "../config.ts";

/**
 * Logits [batch·time, vocab] of int64 tokens [batch·time].
 * `weight(name)` gives the graph value of a checkpoint tensor.
 */
export function llamaLogits(
  graph: Graph,
  config: LlamaConfig,
  weight: (name: string) => Value,
  tokens: Value,
  batch: number,
): Value {
  const time = tokens.shape[0]! / batch;
  const table = weight("model.embed_tokens.weight");
  const angles = ropeTables(graph, config, time, table);
  let hidden = embedding(graph, table, tokens);
  for (let layer = 0; layer < config.numLayers; layer++) {
    const named = (suffix: string) => weight(`model.layers.${layer}.${suffix}`);
    const project = (x: Value, suffix: string, bias: boolean) => {
      const y = linear(graph, x, named(`${suffix}.weight`));
      return bias ? add(graph, y, named(`${suffix}.bias`)) : y;
    };
    const norm = (x: Value, suffix: string) => rmsNorm(graph, x, named(`${suffix}.weight`), config.rmsNormEps);
    const x = norm(hidden, "input_layernorm");
    const mixed = attend(graph, config, x, project, angles, batch);
    hidden = add(graph, hidden, mixed);
    const z = norm(hidden, "post_attention_layernorm");
    const gate = silu(graph, project(z, "mlp.gate_proj", config.mlpBias));
    const up = project(z, "mlp.up_proj", config.mlpBias);
    hidden = add(graph, hidden, project(mul(graph, gate, up), "mlp.down_proj", config.mlpBias));
  }
  const last = rmsNorm(graph, hidden, weight("model.norm.weight"), config.rmsNormEps);
  return linear(graph, last, config.tieWordEmbeddings ? table : weight("lm_head.weight"));
}

function attend(
  graph: Graph,
  config: LlamaConfig,
  x: Value,
  project: (x: Value, suffix: string, bias: boolean) => Value,
  [cos, sin]: readonly [Value, Value],
  batch: number,
): Value {
  const { numHeads, numKeyValueHeads: kv, headDim, attentionBias } = config;
  const time = x.shape[0]! / batch;
  const repeat = numHeads / kv;
  // [batch·time, heads·d] → [batch, heads, time, d]
  const heads = (y: Value, n: number) => transpose(graph, reshape(graph, y, [batch, time, n, headDim]), [0, 2, 1, 3]);
  const q = rope(graph, heads(project(x, "self_attn.q_proj", attentionBias), numHeads), cos, sin);
  const k = rope(graph, heads(project(x, "self_attn.k_proj", attentionBias), kv), cos, sin);
  const v = heads(project(x, "self_attn.v_proj", attentionBias), kv);
  // Query head h uses key head ⌊h / repeat⌋: the repeats of a key head become rows of one product.
  const grouped = reshape(graph, q, [batch, kv, repeat * time, headDim]);
  const mixed = reshape(graph, causalAttention(graph, grouped, k, v), [batch, numHeads, time, headDim]);
  const rows = reshape(graph, transpose(graph, mixed, [0, 2, 1, 3]), [batch * time, numHeads * headDim]);
  return project(rows, "self_attn.o_proj", attentionBias);
}

function ropeTables(graph: Graph, config: LlamaConfig, time: number, like: Value): readonly [Value, Value] {
  const frequencies = ropeFrequencies(config);
  const table = (f: (angle: number) => number) => {
    const data = Array.from({ length: time * frequencies.length }, (_, i) =>
      f(Math.floor(i / frequencies.length) * frequencies[i % frequencies.length]!),
    );
    const shape = [time, frequencies.length];
    return constant(graph, like.type === "float64" ? Float64Array.from(data) : Float32Array.from(data), shape);
  };
  return [table(Math.cos), table(Math.sin)];
}

/** Angle per position of each rotary pair, in radians; with Llama 3's wavelength-dependent scaling where asked for. */
export function ropeFrequencies(config: LlamaConfig): Float64Array {
  const half = config.headDim / 2;
  return Float64Array.from({ length: half }, (_, i) => {
    const frequency = config.ropeTheta ** (-i / half);
    const scaling = config.ropeScaling;
    if (!scaling) return frequency;
    const wavelength = (2 * Math.PI) / frequency;
    const { factor, lowFreqFactor: low, highFreqFactor: high, originalMaxPositionEmbeddings: original } = scaling;
    if (wavelength < original / high) return frequency;
    if (wavelength > original / low) return frequency / factor;
    const smooth = (original / wavelength - low) / (high - low);
    return (1 - smooth) * (frequency / factor) + smooth * frequency;
  });
}
