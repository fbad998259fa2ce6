import { UserError } from "../../formats/error.ts";

/** Shares of a chip's area that grow with the MAC and with the bits of memory; the rest does not. */
export interface ChipShares {
  mac: number;
  memory: number;
}

/** "Learning from Students" §5.2, after Eyeriss v2 and TPUv4i: MACs are 10 % of the chip, memories 60 %. */
export const PAPER_SHARES: ChipShares = { mac: 0.1, memory: 0.6 };

/**
 * Area overhead of a whole chip over the INT4 chip, as a fraction: mac share · (A/A_int4 − 1) + memory share · (bits/4 − 1).
 * `bits` are stored bits per value; both areas must come from the same source.
 */
export function chipOverhead(
  macArea: number,
  int4Area: number,
  bits: number,
  shares: ChipShares = PAPER_SHARES,
): number {
  for (const [name, value] of Object.entries({ macArea, int4Area, bits })) {
    if (!(Number.isFinite(value) && value > 0)) throw new UserError(`${name} ${value}: expected a positive number`);
  }
  return shares.mac * (macArea / int4Area - 1) + shares.memory * (bits / 4 - 1);
}
