export {
  type Assumption,
  type AssumptionId,
  type AssumptionOptions,
  type Assumptions,
  assumptions,
} from "./assumptions.ts";
export { type ChipShares, chipOverhead, PAPER_SHARES } from "./chipOverhead.ts";
export { energyPerToken, type TokenEnergy, type TokenOptions } from "./energyPerToken.ts";
export { MEMORIES, type MemoryKind, memoryById } from "./memories.ts";
export {
  defaultSpecialValues,
  type SpecialValue,
  type SpecialValueOptions,
  specialValueSweep,
} from "./specialValues.ts";
export { SRAM, SRAM_SOURCE, type Sram, sramMacro } from "./sram.ts";
export { type Linear, type TransformerShape, transformer, type Workload } from "./transformer.ts";
