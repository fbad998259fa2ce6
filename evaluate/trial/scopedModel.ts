import { architectureOf, HEAD, headLayer, linearLayers, type ModelConfig, tensorShapes } from "../model/index.ts";
import type { LoadedModel, ModelHead } from "../model/loadedModel.ts";
import type { Head } from "../sweep/index.ts";

/** What a scope of quantization can change of a model's shape. */
export type ScopedModel = Pick<ModelHead, "config" | "shapes" | "linears">;

/** What `head` means for a model: one that has a head of its own has nothing to untie. */
export function headIn({ tieWordEmbeddings }: Pick<ModelConfig, "tieWordEmbeddings">, head: Head): Head {
  return head === "untie" && !tieWordEmbeddings ? "quant" : head;
}

/**
 * The model with the head, the last of the linear layers, in scope: where embeddings are tied, their table, which then is
 * rounded as a whole; untied, a tensor of its own.
 */
export function scopedModel(config: ModelConfig, head: Head): ScopedModel {
  const own = head === "untie" ? { ...config, tieWordEmbeddings: false } : config;
  const blocks = linearLayers(own);
  return { config: own, shapes: tensorShapes(own), linears: head === "fp" ? blocks : [...blocks, headLayer(own)] };
}

/** The tensors of the model in a scope: a head that is untied is the table of embeddings, the same array. */
export function scopedWeights(
  { config, weights }: Pick<LoadedModel, "config" | "weights">,
  head: Head,
): LoadedModel["weights"] {
  if (head !== "untie") return weights;
  return new Map([...weights, [HEAD, weights.get(architectureOf(config).embedding)!]]);
}
