import { type PaperNetwork, paperNetworks, type TFit } from "../fitting/index.ts";
import { UserError } from "../formats/error.ts";
import { type Checkpoint, resolveModel } from "./model/index.ts";
import { openModelTensors, profileTensors } from "./profile.ts";

/** A network's layers as this library fits them, beside the paper's row. */
export interface NetworkComparison extends PaperNetwork {
  /** Null where the checkpoint is not in the Hub cache, with `reason`. */
  found: {
    /** Linear and convolution layers fitted, and those of them that cannot be told from a Gaussian (ν infinite). */
    layers: number;
    gaussian: number;
    /** Mean and standard deviation of ν over the layers that have one; null where none has. */
    nu: number | null;
    nuSpread: number | null;
    /** Mean of KS-Δ over all layers fitted. */
    ksDelta: number | null;
  } | null;
  reason?: string;
}

/** The paper took linear and convolution layers: no embeddings of tokens, positions or relative distances. */
const EMBEDDING = /(^|[._])(embed\w*|embeddings?|wte|wpe|shared|relative_attention_bias|pos_embed|cls_token)([._]|$)/;

/** Fits every network of the paper's table whose checkpoint is in the local Hub cache, tensor by tensor. */
export function* compareWithPaper(): Generator<NetworkComparison> {
  for (const row of paperNetworks) {
    try {
      if (row.hubId === null) throw new UserError(row.flaw ?? "no checkpoint is named");
      yield { ...row, found: summaryOf(openModelTensors(resolveModel(row.hubId))) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      yield { ...row, found: null, reason: error.message };
    }
  }
}

function summaryOf(checkpoint: Checkpoint): NonNullable<NetworkComparison["found"]> {
  const fits: TFit[] = [];
  try {
    for (const { tensor, fit } of profileTensors(checkpoint)) {
      if (!EMBEDDING.test(tensor) && fit.ksDelta !== null) fits.push(fit);
    }
  } finally {
    checkpoint.close();
  }
  const nus = fits.flatMap(({ nu }) => (nu === null ? [] : [nu]));
  const nu = nus.length > 0 ? mean(nus) : null;
  return {
    layers: fits.length,
    gaussian: fits.length - nus.length,
    nu,
    nuSpread: nu === null ? null : Math.sqrt(mean(nus.map((x) => (x - nu) ** 2))),
    ksDelta: fits.length > 0 ? mean(fits.map(({ ksDelta }) => ksDelta!)) : null,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}
