import { UserError } from "../formats/error.ts";
import { type Distribution, fittedDistribution } from "../hwmodel/index.ts";
import { type Checkpoint, LINEAR_KINDS } from "./model/index.ts";
import { profileTensors } from "./profile.ts";

/** As many as there are streams in an energy's simulation. */
const STREAMS = 32;

/**
 * What the weights of a model's linear layers hold: 32 fitted distributions, at even steps of all their weights in order of ν, so
 * that a large tensor counts for more. Where no tensor is known as linear, of all matrices.
 * Throws UserError as `profileTensors` does, and where no t fits any of them.
 */
export function tensorDistributions(
  checkpoint: Checkpoint,
  onTensor?: (tensor: string, index: number, total: number) => void,
): Distribution[] {
  const all = [...profileTensors(checkpoint, onTensor ? { onTensor } : {})].filter(({ fit }) => fit.scale !== null);
  const linear = all.filter(({ kind }) => (LINEAR_KINDS as readonly string[]).includes(kind));
  const fits = (linear.length > 0 ? linear : all)
    .map(({ fit, shape }) => ({ distribution: fittedDistribution(fit), size: shape.reduce((a, b) => a * b, 1) }))
    .sort((a, b) => a.distribution.nu - b.distribution.nu);
  if (fits.length === 0) throw new UserError(`${checkpoint.path}: no tensor has a distribution`);
  const weights = fits.reduce((sum, { size }) => sum + size, 0);
  return Array.from({ length: STREAMS }, (_, i) => {
    let left = ((i + 0.5) / STREAMS) * weights;
    const found = fits.find(({ size }) => {
      left -= size;
      return left <= 0;
    });
    return (found ?? fits.at(-1)!).distribution;
  });
}
