/** @file The tensors that decoders share, as lists to spread. */
import type { ModelConfig, TensorSpec } from "./architecture.ts";

/** Weight and bias [d] of a LayerNorm. */
export function normSpecs(module: string, d: number): TensorSpec[] {
  return [
    { name: `${module}.weight`, shape: [d] },
    { name: `${module}.bias`, shape: [d] },
  ];
}

/** Weight [rows, cols] and bias [rows] of a linear layer of block `layer`; its kind is the last part of `module`. */
export function linearSpecs(
  layer: number,
  module: string,
  [rows, cols]: readonly [rows: number, cols: number],
  { bias = true, transposed = false }: { bias?: boolean; transposed?: boolean } = {},
): TensorSpec[] {
  const kind = module.slice(module.lastIndexOf(".") + 1);
  const weight: TensorSpec = { name: `${module}.weight`, shape: [rows, cols], linear: { layer, kind }, transposed };
  return bias ? [weight, { name: `${module}.bias`, shape: [rows] }] : [weight];
}

/** `block(layer)` of every layer. */
export function blockSpecs({ numLayers }: ModelConfig, block: (layer: number) => TensorSpec[]): TensorSpec[] {
  return Array.from({ length: numLayers }, (_, layer) => block(layer)).flat();
}

/** The tensor of a head that is not the embedding table. */
export const HEAD = "lm_head.weight";

/** The head [vocab, d]; none where it is the embedding table. */
export function headSpecs({ tieWordEmbeddings, vocabSize }: ModelConfig, d: number): TensorSpec[] {
  // Published GPT-NeoX checkpoints have the second name; transformers 5 knows it by the first.
  const head = { name: HEAD, shape: [vocabSize, d], alias: "embed_out.weight" };
  return tieWordEmbeddings ? [] : [head];
}
