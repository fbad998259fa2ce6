export { type Cache, cacheFolder, diskCache, NO_CACHE } from "./cache.ts";
export { type CircuitQuestion, type CostQuestion, costOfPair, verilogOfPair } from "./costOfPair.ts";
export { type MacTableRow, macTable, SYNTHESIS_SCATTER, TABLE_TERMS, tabulatedMac } from "./macTable.ts";
export { openLibrary } from "./openLibrary.ts";
export { RECIPES, type Recipe, recipeById } from "./recipes.ts";
export { recost, TIMED_LIBRARIES } from "./recost.ts";
export { type SynthesisOptions, type Synthesized, synthesize } from "./synthesize.ts";
export { macVerilogById, synthesizedCostById } from "./synthesizedCost.ts";
export { synthesizedSpecialValues } from "./synthesizedSpecialValues.ts";
export {
  cellArea,
  type MacSynthesisOptions,
  type Objective,
  type SynthesizedMacCost,
  synthesizeMac,
} from "./synthesizeMac.ts";
export {
  type SynthesizedUnit,
  synthesizeUnit,
  type UnitRtl,
  type UnitSynthesisOptions,
  unitStructures,
  unitVerilog,
} from "./synthesizeUnit.ts";
export { T5, type Traffic, typicalStreams } from "./typicalStreams.ts";
export { parseOperand, tabulatedUnit, type UnitTableRow, unitTable } from "./unitTable.ts";
export { nativeYosys, wasmYosys, YOSYS_VERSION, type Yosys } from "./yosys.ts";
