import { UserError } from "../../formats/error.ts";
import { PAPER_SHARES } from "./chipOverhead.ts";
import { memoryById } from "./memories.ts";
import { SRAM_SOURCE, sramMacro } from "./sram.ts";

/** A number that the system figures rest on, and where it comes from. */
export interface Assumption {
  value: number;
  unit: string;
  source: string;
  /** True where the source was read itself, or the value was computed here. */
  verified: boolean;
}

export type AssumptionId =
  | "macShare"
  | "memoryShare"
  | "dramPjPerBit"
  | "dramGbPerSecond"
  | "sramReadPjPerBit"
  | "sramWritePjPerBit"
  | "attentionMacPj"
  | "macsPerCycle"
  | "clockGhz"
  | "kvBits"
  | "activationBits"
  | "otherWeightBits";

/** Everything the system figures assume, in one table. */
export type Assumptions = Readonly<Record<AssumptionId, Assumption>>;

export interface AssumptionOptions {
  /** Kind of main memory (memories.ts); "hbm3" without it. */
  memory?: string;
  /** Values of the user's own; they replace whatever the table has. */
  overrides?: Partial<Record<AssumptionId, number>>;
}

/** The buffer next to the array: 128 KB at 22 nm. */
const BUFFER = sramMacro(22, 131072);

/** The table of assumptions. Throws UserError for an unknown memory or assumption, and for values that are no positive numbers. */
export function assumptions({ memory = "hbm3", overrides = {} }: AssumptionOptions = {}): Assumptions {
  const { pjPerBit, gbPerSecond, source, verified } = memoryById(memory);
  const paper = "Learning from Students (ICML 2024), section 5.2, after Eyeriss v2 and TPUv4i";
  const buffer = `128 KB at 22 nm: ${SRAM_SOURCE}`;
  const choice = "a choice of this table, not a measurement";
  const table: Record<AssumptionId, Assumption> = {
    macShare: { value: PAPER_SHARES.mac, unit: "of the INT4 chip's area", source: paper, verified: true },
    memoryShare: { value: PAPER_SHARES.memory, unit: "of the INT4 chip's area", source: paper, verified: true },
    dramPjPerBit: { value: pjPerBit, unit: "pJ/bit", source: `${memory}: ${source}`, verified },
    dramGbPerSecond: { value: gbPerSecond, unit: "GB/s", source: `${memory}: ${source}`, verified },
    sramReadPjPerBit: { value: BUFFER.readPjPerBit, unit: "pJ/bit", source: buffer, verified: true },
    sramWritePjPerBit: { value: BUFFER.writePjPerBit, unit: "pJ/bit", source: buffer, verified: true },
    attentionMacPj: {
      value: 1.5,
      unit: "pJ",
      source: "Horowitz (ISSCC 2014): FP16 multiply 1.1 and add 0.4 pJ at 45 nm, 0.9 V; not scaled to another node",
      verified: false,
    },
    macsPerCycle: { value: 16384, unit: "MACs", source: `a 128 x 128 array; ${choice}`, verified: true },
    clockGhz: { value: 1, unit: "GHz", source: choice, verified: true },
    kvBits: { value: 16, unit: "bits per value of the KV cache", source: choice, verified: true },
    activationBits: { value: 16, unit: "bits per activation in the buffer", source: choice, verified: true },
    otherWeightBits: { value: 16, unit: "bits per weight of embedding and head", source: choice, verified: true },
  };
  for (const [id, value] of Object.entries(overrides)) {
    if (!Object.hasOwn(table, id)) {
      throw new UserError(`assumption ${id}: unknown; known are ${Object.keys(table).join(", ")}`);
    }
    if (!(Number.isFinite(value) && value > 0))
      throw new UserError(`assumption ${id}: ${value}; expected a positive number`);
    const { unit } = table[id as AssumptionId];
    table[id as AssumptionId] = { value, unit, source: "given by the user", verified: false };
  }
  return table;
}
