import { normals } from "../random.ts";

/**
 * One step of zeroth-order descent in place (SPSA; MeZO, Malladi et al. 2023; ZeroQAT): θ ← θ − rate·ĝ·z with
 * ĝ = (L(θ + εz) − L(θ − εz)) / 2ε, z drawn from N(0, 1) by `seed` and drawn again where it is needed, so that nothing of the
 * size of θ is stored. Several samples each take their share of the step. Gives the mean |ĝ|.
 */
export async function perturb(
  parameters: ReadonlyMap<string, Float32Array>,
  { epsilon, samples }: { readonly epsilon: number; readonly samples: number },
  rate: number,
  seed: number,
  loss: () => Promise<number>,
): Promise<number> {
  let size = 0;
  for (let k = 0; k < samples; k++) {
    const move = (by: number) => {
      const normal = normals(Math.imul(seed + 1, 0x85ebca6b) + k);
      for (const data of parameters.values()) for (let i = 0; i < data.length; i++) data[i]! += by * normal();
    };
    move(epsilon);
    const above = await loss();
    move(-2 * epsilon);
    const below = await loss();
    const projected = (above - below) / (2 * epsilon);
    move(epsilon - (rate * projected) / samples);
    size += Math.abs(projected) / samples;
  }
  return size;
}
