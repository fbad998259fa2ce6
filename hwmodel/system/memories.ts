import { UserError } from "../../formats/error.ts";

/** A kind of main memory. */
export interface MemoryKind {
  id: string;
  pjPerBit: number;
  /** Bandwidth of one stack or channel, gigabytes per second. */
  gbPerSecond: number;
  source: string;
  /** False: energies taken from secondary sources. */
  verified: boolean;
}

const RATES = "bandwidth is pin rate times width by the JEDEC standard";

export const MEMORIES: readonly MemoryKind[] = [
  {
    id: "hbm3",
    pjPerBit: 3.9,
    gbPerSecond: 819.2,
    source: `vendors' 3 to 3.9 pJ/bit, upper end; ${RATES}, one stack of 1024 bits at 6.4 Gb/s`,
    verified: false,
  },
  {
    id: "hbm2",
    pjPerBit: 3.9,
    gbPerSecond: 256,
    source: `O'Connor et al. (MICRO 2017) as widely cited; ${RATES}, one stack of 1024 bits at 2 Gb/s`,
    verified: false,
  },
  {
    id: "lpddr4",
    pjPerBit: 7,
    gbPerSecond: 17.1,
    source: `widely cited figure; ${RATES}, 32 bits at 4.267 Gb/s`,
    verified: false,
  },
  {
    id: "ddr4",
    pjPerBit: 20,
    gbPerSecond: 25.6,
    source: `widely cited figure; ${RATES}, 64 bits at 3.2 Gb/s`,
    verified: false,
  },
  {
    id: "horowitz-dram",
    pjPerBit: 30,
    gbPerSecond: 25.6,
    source: "Horowitz (ISSCC 2014): 1300 to 2600 pJ per 64 bits, the middle; bandwidth as ddr4",
    verified: false,
  },
];

/** Throws UserError naming the known memories. */
export function memoryById(id: string): MemoryKind {
  const found = MEMORIES.find((memory) => memory.id === id);
  if (!found) throw new UserError(`memory ${id}: unknown; known are ${MEMORIES.map((m) => m.id).join(", ")}`);
  return found;
}
