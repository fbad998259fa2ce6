import { UserError } from "../formats/error.ts";
import type { Workload } from "../hwmodel/index.ts";
import { type LinearLayer, linearLayers, readModelConfig, resolveModel } from "./model/index.ts";

/**
 * What a model computes and stores for a token, from its config.json alone (no weights are read): the linears of its blocks, its
 * head, its KV cache. Throws UserError naming the file or the architecture.
 */
export function workloadOf(spec: string): Workload {
  const resolved = resolveModel(spec);
  if (resolved.kind === "file") throw new UserError(`${spec}: a folder with config.json is needed`);
  const config = readModelConfig(resolved.dir);
  const layers = linearLayers(config);
  return {
    linears: byShape(layers),
    headWeights: config.vocabSize * config.hiddenSize,
    embeddingWidth: config.hiddenSize,
    kvPerToken: keysAndValues(layers, config.numHeads * config.headDim),
    attentionMacsPerCached: 2 * config.numLayers * config.numHeads * config.headDim,
  };
}

/** Layers of one kind and shape are one entry with a count. */
function byShape(layers: readonly LinearLayer[]): Workload["linears"] {
  const found = new Map<string, Workload["linears"][number]>();
  for (const { kind, rows, cols } of layers) {
    const key = `${kind} ${rows} ${cols}`;
    found.set(key, { name: kind, rows, cols, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

/** Outputs of the key and value matrices; where queries are in the same matrix, those beyond the queries'. */
function keysAndValues(layers: readonly LinearLayer[], queries: number): number {
  const rows = (pattern: RegExp, less = 0) =>
    layers.filter(({ kind }) => pattern.test(kind)).reduce((sum, layer) => sum + layer.rows - less, 0);
  return rows(/^(k|v|key|value)(_proj)?$/) || rows(/qkv|query_key_value|c_attn/i, queries);
}
