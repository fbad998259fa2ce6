import { type Recipe, usual } from "../recipe.ts";

/**
 * RoSTE: each layer is rotated where its weights and its inputs, rounded, then err less; the cross-entropy passes straight through
 * the rotated rounding.
 */
export const roste: Recipe = {
  ...usual,
  id: "roste",
  summary: "cross-entropy straight through a rounding that is rotated in the layers where it then errs less",
  source: "Wei et al., ICML 2025; no public code",
  quirks: [
    "layers that share an input choose together; the cache is rounded as it is, theirs turned where that errs less: roste-cache turns all of it",
    "theirs has ranges with offsets (uint4@row) and tries clips of 1, 0.95 and 0.9 of them; here ranges are the format's, unclipped: roste-clip tries those of weights, layer by layer",
  ],
  format: "int4@row",
  terms: [{ loss: "ce" }],
  weights: { latent: "full", scale: "format", straightThrough: "identity" },
  rotation: "select",
  schedule: "cosine",
  rate: 3e-5,
};

/** Every layer rotated: what the choice is to be compared with, as ce is without any. */
export const rosteRotated: Recipe = {
  ...roste,
  id: "roste-rotated",
  summary: "RoSTE without the choice: every layer is rotated",
  rotation: "all",
};

/** Keys and values of the cache are turned too, those of every layer. */
export const rosteCache: Recipe = {
  ...roste,
  id: "roste-cache",
  summary: "RoSTE with keys and values turned before they are rounded, with --kv",
  turnsCache: true,
};

/** Each layer's weights are clipped where that rounds them better. */
export const rosteClip: Recipe = {
  ...roste,
  id: "roste-clip",
  summary: "RoSTE with weights clipped to 1, 0.95 or 0.9 of their range, where that errs least",
  clips: [1, 0.95, 0.9],
};
