/** @file The pieces that decoders share: projections, heads, attention, learned positions, logits. */
import { UserError } from "../../../formats/error.ts";
import {
  type AttentionOptions,
  add,
  causalAttention,
  constant,
  embedding,
  layerNorm,
  linear,
  reshape,
  slice,
  transpose,
  type Value,
} from "../../graph/index.ts";
import type { ModelConfig, ModelGraph } from "./architecture.ts";
import { HEAD } from "./specs.ts";

/** y = x Wᵀ (+ b) of the linear layer `module`: x [n, inputs], weight [outputs, inputs]. */
export function project(model: ModelGraph, x: Value, module: string, bias: boolean): Value {
  const name = `${module}.weight`;
  const seen = model.linearInput?.(name, x) ?? x;
  const y = linear(model.graph, seen, model.weight(name));
  const out = bias ? add(model.graph, y, model.weight(`${module}.bias`)) : y;
  return model.linearOutput?.(name, out) ?? out;
}

/** LayerNorm over the last dimension with the weight and bias of `module`. */
export function normalize(model: ModelGraph, x: Value, module: string, eps: number): Value {
  return layerNorm(model.graph, x, model.weight(`${module}.weight`), model.weight(`${module}.bias`), eps);
}

/** [batch·time, heads·d] → [batch, heads, time, d] */
export function splitHeads({ graph, batch }: ModelGraph, x: Value, heads: number): Value {
  const [n, width] = x.shape as [number, number];
  return transpose(graph, reshape(graph, x, [batch, n / batch, heads, width / heads]), [0, 2, 1, 3]);
}

/** Queries, keys and values of a fused projection [batch·time, heads·3·d] in which each head's three lie together. */
export function splitInterleaved(model: ModelGraph, fused: Value, heads: number): [q: Value, k: Value, v: Value] {
  const all = splitHeads(model, fused, heads);
  const d = all.shape[3]! / 3;
  const part = (i: number) => slice(model.graph, all, 3, i * d, (i + 1) * d);
  return [part(0), part(1), part(2)];
}

/**
 * Causal attention of block `layer`: q [batch, heads, time, d], k and v [batch, keyHeads, time, d], where query head h
 * uses key head ⌊h · keyHeads / heads⌋ → [batch·time, heads·d].
 */
export function attend(
  model: ModelGraph,
  layer: number,
  [q, k, v]: readonly [Value, Value, Value],
  options: AttentionOptions = {},
): Value {
  const { graph } = model;
  const [batch, heads, time, d] = q.shape as [number, number, number, number];
  const keyHeads = k.shape[1]!;
  const key = model.cached?.(layer, "key", k) ?? k;
  const value = model.cached?.(layer, "value", v) ?? v;
  // The query heads that share a key head become rows of one product.
  const grouped = reshape(graph, q, [batch, keyHeads, (heads / keyHeads) * time, d]);
  const mix = model.attention
    ? model.attention(layer, [grouped, key, value], options)
    : causalAttention(graph, grouped, key, value, options);
  const mixed = reshape(graph, mix, [batch, heads, time, d]);
  return reshape(graph, transpose(graph, mixed, [0, 2, 1, 3]), [batch * time, heads * d]);
}

/**
 * Rows `offset`, `offset` + 1, … of a learned table of positions, for each window: [batch·time, d]; in a step that of the
 * token, [1, d].
 */
export function learnedPositions({ graph, tokens, batch, step }: ModelGraph, table: Value, offset = 0): Value {
  const time = step?.length ?? tokens.shape[0]! / batch;
  const positions = table.shape[0]! - offset;
  if (time > positions) {
    throw new UserError(`a window of ${time} tokens is longer than the model's ${positions} learned positions`);
  }
  if (step)
    return embedding(graph, table, add(graph, step.position, constant(graph, BigInt64Array.of(BigInt(offset)))));
  const rows = BigInt64Array.from({ length: batch * time }, (_, i) => BigInt((i % time) + offset));
  return embedding(graph, table, constant(graph, rows));
}

/**
 * Logits [batch·time, vocab] of the last hidden states, by the head or by the table `embedding` where they are tied, `after`
 * being what the architecture does to them; or what `model.head` makes of them.
 */
export function headLogits(
  model: ModelGraph,
  config: ModelConfig,
  hidden: Value,
  embedding: string,
  after: (logits: Value) => Value = (logits) => logits,
): Value {
  const name = config.tieWordEmbeddings ? embedding : HEAD;
  const head = model.weight(name);
  const seen = (model.linearHead && model.linearInput?.(name, hidden)) || hidden;
  const logitsOf = (rows: Value) => after(linear(model.graph, rows, head));
  return model.head ? model.head(seen, logitsOf) : logitsOf(seen);
}
