/** Warm-up, stable, decay (Hu et al. 2024, MiniCPM §4): the stable phase does not depend on the total, so a run can be extended. */
export interface Schedule {
  peak: number;
  warmup: number;
  steps: number;
  /** Share of the steps over which the rate falls linearly to zero. */
  decay: number;
}

/** Learning rate of `step`, counted from 0. */
export function rateAt(step: number, { peak, warmup, steps, decay }: Schedule): number {
  const falling = Math.floor(steps * decay);
  if (step < warmup) return (peak * (step + 1)) / warmup;
  if (step < steps - falling) return peak;
  return (peak * (steps - step)) / (falling + 1);
}
