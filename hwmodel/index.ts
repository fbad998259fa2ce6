export { accumulatorBits, MAX_ACCUMULATOR_BITS, productRange } from "./accumulator.ts";
export { type Structure, structures } from "./analytic.ts";
export { CELLS, type Cells } from "./cells.ts";
export { type Codebook, type IntegerCodebook, toInt8Table, toIntegers } from "./codebook.ts";
export { compareWithPaper, type PaperComparison, type PaperRow } from "./compareWithPaper.ts";
export type { MacCost, Provenance } from "./cost.ts";
export { macCostById, publishedCost } from "./costById.ts";
export { FLOATS, type FloatFormat, floatById } from "./floats.ts";
export { type FormatCosts, formatCosts, formatMacCost, formatPairCost } from "./formatCost.ts";
export {
  type Cell,
  type CellLibrary,
  LIBRARIES,
  libraryById,
  parseLiberty,
  type Roles,
  toLiberty,
} from "./libraries/index.ts";
export { type MacOptions, MODEL_ERROR, macCost } from "./macCost.ts";
export {
  arrivalTimes,
  codeStream,
  compile as compileNetlist,
  countToggles,
  type Distribution,
  equivalent,
  fittedDistribution,
  type MacChecks,
  type MacEnergy,
  type MacEnergyOptions,
  type MacProof,
  type MacReference,
  macEnergy,
  mutants,
  type Netlist,
  readYosysJson,
  type Simulation,
  type SwitchingEnergy,
  switchingEnergy,
  type Timing,
  toVerilog,
  verifyMac,
} from "./netlist/index.ts";
export { NODES, type TechnologyNode, technologyNode } from "./nodes.ts";
export { PUBLISHED, PUBLISHED_SOURCE, type PublishedMac, publishedMac } from "./published.ts";
export { PUBLISHED_FIGURES, type PublishedFigure } from "./publishedFigures.ts";
export { type CodedCodebook, type MacRtl, macStructures, macVerilog, type RtlOptions } from "./rtl/index.ts";
export * from "./synthesis/index.ts";
export * from "./system/index.ts";
export { MAC, parseUnit, type Unit, unitName } from "./unit.ts";
export { UNIT_MODEL_ERROR, type UnitCost, unitCost } from "./unitCost.ts";
