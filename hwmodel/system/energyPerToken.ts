import { UserError } from "../../formats/error.ts";
import { bitsPerWeight, type Format } from "../../formats/index.ts";
import type { Assumptions } from "./assumptions.ts";
import type { Workload } from "./transformer.ts";

export interface TokenOptions {
  assumptions: Assumptions;
  /** Energy of one multiply-accumulate of the linears, femtojoules (switchingEnergy of a synthesized MAC). */
  macFj: number;
  /** Tokens computed for each pass over the weights. */
  batch?: number;
  /** Cached tokens that attention reads. */
  context?: number;
}

/** Energy and time to decode one token. Energies in picojoules. */
export interface TokenEnergy {
  dramWeightsPj: number;
  dramKvPj: number;
  sramPj: number;
  macPj: number;
  attentionPj: number;
  totalPj: number;
  /** Stored bits per weight of the linears, scales included. */
  effectiveBits: number;
  /** Bits from and to main memory, and multiply-accumulates of the linears, per token. */
  dramBits: number;
  macs: number;
  /** MACs per byte of main memory traffic. */
  intensity: number;
  memorySeconds: number;
  computeSeconds: number;
  /** What limits the speed: the longer of the two. */
  bound: "memory" | "compute";
  /** Batch at which moving the weights costs as much energy as multiplying them. */
  balanceBatch: number;
}

/**
 * The roofline of a decoder's token: every weight comes from main memory once per batch, through the buffer into the array;
 * the KV cache is read once per token; activations are read and written once per matrix in the buffer. No reuse beyond that,
 * no wires, no control. Throws UserError for numbers that are none, and where `bitsPerWeight` does.
 */
export function energyPerToken(workload: Workload, format: Format, options: TokenOptions): TokenEnergy {
  const { assumptions: a, macFj, batch = 1, context = 1024 } = options;
  if (!(Number.isFinite(macFj) && macFj > 0)) throw new UserError(`macFj ${macFj}: expected a positive energy in fJ`);
  if (!(Number.isSafeInteger(batch) && batch > 0))
    throw new UserError(`batch ${batch}: expected a whole number from 1`);
  if (!(Number.isSafeInteger(context) && context >= 0))
    throw new UserError(`context ${context}: expected a whole number`);
  let weights = 0;
  let weightBits = 0;
  let activations = 0;
  for (const { name, rows, cols, count } of workload.linears) {
    weights += rows * cols * count;
    weightBits += rows * cols * count * bitsPerWeight(format, cols, rows, { name });
    activations += (rows + cols) * count;
  }
  if (weights === 0) throw new UserError("the model has no linears");
  const otherBits = (workload.headWeights / batch + workload.embeddingWidth) * a.otherWeightBits.value;
  const dramWeightBits = weightBits / batch + otherBits;
  // Attention reads the cache and appends one token.
  const kvBits = (context + 1) * workload.kvPerToken * a.kvBits.value;
  const bufferPj = a.sramReadPjPerBit.value + a.sramWritePjPerBit.value;
  const activationBits = activations * a.activationBits.value;
  const macs = weights + workload.headWeights;
  const attentionMacs = workload.attentionMacsPerCached * (context + 1);
  const dramBits = dramWeightBits + kvBits;
  const memorySeconds = dramBits / 8 / (a.dramGbPerSecond.value * 1e9);
  const computeSeconds = (macs + attentionMacs) / (a.macsPerCycle.value * a.clockGhz.value * 1e9);
  const parts = {
    dramWeightsPj: dramWeightBits * a.dramPjPerBit.value,
    dramKvPj: kvBits * a.dramPjPerBit.value,
    sramPj: (dramWeightBits + kvBits) * bufferPj + activationBits * bufferPj,
    // The head's products are of 16 bits, like attention's.
    macPj: (weights * macFj) / 1000,
    attentionPj: (attentionMacs + workload.headWeights) * a.attentionMacPj.value,
  };
  return {
    ...parts,
    totalPj: Object.values(parts).reduce((sum, pj) => sum + pj, 0),
    effectiveBits: weightBits / weights,
    dramBits,
    macs,
    intensity: (macs + attentionMacs) / (dramBits / 8),
    memorySeconds,
    computeSeconds,
    bound: memorySeconds > computeSeconds ? "memory" : "compute",
    balanceBatch: (weightBits * (a.dramPjPerBit.value + bufferPj)) / ((weights * macFj) / 1000),
  };
}
