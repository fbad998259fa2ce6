import type { Format } from "../../formats/index.ts";
import { UserError } from "../../formats/index.ts";
import type { CellLibrary } from "../libraries/index.ts";
import { codeStream, type Distribution } from "./codeStreams.ts";
import type { WireModel } from "./loads.ts";
import type { Netlist } from "./netlist.ts";
import { type SwitchingEnergy, switchingEnergy } from "./switchingEnergy.ts";

export interface MacEnergyOptions extends WireModel {
  weight: Format;
  activation: Format;
  /** What the tensors hold (`fittedDistribution` of a TFit); a t with 5 degrees of freedom without it. */
  weightDistribution?: Distribution;
  activationDistribution?: Distribution;
  /** "stationary": a weight stays for `terms` cycles; "streaming": both operands are new in every cycle. */
  weights?: "stationary" | "streaming";
  /** Products per sum, and cycles of a run; 128. */
  terms?: number;
  /** Independent runs of 32 streams each, for the standard error; 4. */
  runs?: number;
}

/** Energy per multiply-accumulate with the standard error of `energyFj` over the runs. */
export interface MacEnergy extends SwitchingEnergy {
  sigmaFj: number;
}

const T5: Distribution = { nu: 5, location: 0, scale: 1 };
/** Seeds of operands must differ between runs and operands. */
const SEEDS = 1000;

/**
 * Energy of a MAC's netlist (ports `weight` and `activation`) on the codes of drawn numbers, in fJ per multiply-accumulate.
 * Throws UserError where `switchingEnergy` and `codeStream` do, and for codes wider than the ports.
 */
export function macEnergy(netlist: Netlist, library: CellLibrary, options: MacEnergyOptions): MacEnergy {
  const { weight, activation, weights = "streaming", terms = 128, runs = 4 } = options;
  const { weightDistribution = T5, activationDistribution = T5 } = options;
  if (!(Number.isInteger(runs) && runs >= 2 && runs < SEEDS))
    throw new UserError(`runs ${runs}: expected 2 to ${SEEDS - 1}`);
  for (const [port, format] of Object.entries({ weight, activation })) {
    const bits =
      Math.max(...format.elements.map((element) => element.bits)) + Math.ceil(Math.log2(format.elements.length));
    const nets = netlist.inputs[port]?.length;
    if (nets !== bits) {
      throw new UserError(
        `${format.id}: codes of ${bits} bits for port ${port} of ${nets ?? 0} bits of ${netlist.name}`,
      );
    }
  }
  const hold = weights === "stationary" ? terms : 1;
  const results = Array.from({ length: runs }, (_, run) =>
    switchingEnergy(
      netlist,
      library,
      {
        weight: codeStream(weight, weightDistribution, { cycles: terms, hold, seed: 1 + run }),
        activation: codeStream(activation, activationDistribution, { cycles: terms, seed: SEEDS + run }),
      },
      options,
    ),
  );
  const mean = (figure: (e: SwitchingEnergy) => number) => results.reduce((sum, e) => sum + figure(e), 0) / runs;
  const energyFj = mean((e) => e.energyFj);
  const variance = results.reduce((sum, e) => sum + (e.energyFj - energyFj) ** 2, 0) / (runs - 1);
  return {
    ...results[0]!,
    energyFj,
    sigmaFj: Math.sqrt(variance / runs),
    zeroDelayFj: mean((e) => e.zeroDelayFj),
    samples: results.reduce((sum, e) => sum + e.samples, 0),
  };
}
