import { UserError } from "../../formats/error.ts";

/** A weight matrix [rows, cols] that multiplies every token, `count` of them in the model. */
export interface Linear {
  name: string;
  rows: number;
  cols: number;
  count: number;
}

/** What a decoder-only transformer computes and stores, as far as energy goes. */
export interface Workload {
  /** The matrices whose format is under study. */
  linears: readonly Linear[];
  /** Output head: read for every token, in `otherWeightBits`; the embedding reads one row. */
  headWeights: number;
  embeddingWidth: number;
  /** Numbers the KV cache gains per token. */
  kvPerToken: number;
  /** Multiply-accumulates of attention per token and per cached token. */
  attentionMacsPerCached: number;
}

/** The fields of a Hugging Face config.json that matter, under plainer names. */
export interface TransformerShape {
  layers: number;
  hidden: number;
  intermediate: number;
  heads: number;
  /** Fewer than `heads` in grouped-query attention; `heads` if left out. */
  kvHeads?: number;
  vocabulary: number;
  /** Gate, up and down matrices as in Llama (default), or up and down only. */
  gated?: boolean;
}

/** Throws UserError for a shape that is none. */
export function transformer(shape: TransformerShape): Workload {
  const { layers, hidden, intermediate, heads, kvHeads = heads, vocabulary, gated = true } = shape;
  for (const [name, value] of Object.entries({ layers, hidden, intermediate, heads, kvHeads, vocabulary })) {
    if (!(Number.isSafeInteger(value) && value > 0))
      throw new UserError(`${name} ${value}: expected a whole number from 1`);
  }
  if (hidden % heads !== 0 || heads % kvHeads !== 0) {
    throw new UserError(`heads ${heads}, key-value heads ${kvHeads}: expected divisors of ${hidden} and ${heads}`);
  }
  const kv = (hidden / heads) * kvHeads;
  return {
    linears: [
      { name: "query and output", rows: hidden, cols: hidden, count: 2 * layers },
      { name: "key and value", rows: kv, cols: hidden, count: 2 * layers },
      { name: gated ? "gate and up" : "up", rows: intermediate, cols: hidden, count: (gated ? 2 : 1) * layers },
      { name: "down", rows: hidden, cols: intermediate, count: layers },
    ],
    headWeights: vocabulary * hidden,
    embeddingWidth: hidden,
    kvPerToken: 2 * layers * kv,
    attentionMacsPerCached: 2 * layers * hidden,
  };
}
