/** Hyper-parameters of AdamW (Loshchilov & Hutter 2019), named as in torch. */
export interface AdamW {
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
}

export const adamwDefaults: AdamW = { beta1: 0.9, beta2: 0.95, eps: 1e-8, weightDecay: 0.1 };

/**
 * One AdamW update of `w` in place, with moments `m`, `v` (same length) and gradient `g`. `step` counts from 1.
 * `scale` multiplies the gradient first (clipping). Equal to torch.optim.AdamW.
 */
export function adamwUpdate(
  w: Float32Array,
  g: Float32Array,
  m: Float32Array,
  v: Float32Array,
  step: number,
  rate: number,
  scale: number,
  { beta1, beta2, eps, weightDecay }: AdamW,
): void {
  const keep = 1 - rate * weightDecay;
  const size = rate / (1 - beta1 ** step);
  const inverse = 1 / Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < w.length; i++) {
    const grad = g[i]! * scale;
    const first = beta1 * m[i]! + (1 - beta1) * grad;
    const second = beta2 * v[i]! + (1 - beta2) * grad * grad;
    m[i] = first;
    v[i] = second;
    w[i] = w[i]! * keep - (size * first) / (Math.sqrt(second) * inverse + eps);
  }
}
