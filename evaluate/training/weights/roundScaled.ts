import { type Kernel, roundRun } from "../../../formats/kernel.ts";
import { roundGroups } from "../../../formats/simd/roundGroups.ts";

/** Rounds latent/divisor and multiplies by the scale, group by group; a divisor is the scale when absent. */
export function roundScaled(
  kernel: Kernel,
  bounds: Uint32Array,
  latent: Float32Array,
  scales: Float32Array,
  out: Float32Array,
  divisors: Float32Array | null = null,
): void {
  const size = bounds[1]! - bounds[0]!;
  const even = latent.length === size * (bounds.length - 1);
  if (even && roundGroups(kernel.book, latent, out, size, (_min, _max, index) => scales[index]!, false, divisors))
    return;
  for (let g = 0; g < scales.length; g++) {
    const [from, to] = [bounds[g]!, bounds[g + 1]!];
    roundRun(kernel, latent, out, from, to, divisors ? divisors[g]! : scales[g]!);
    if (divisors) for (let i = from; i < to; i++) out[i]! *= scales[g]!;
  }
}
