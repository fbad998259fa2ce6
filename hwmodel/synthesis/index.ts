export { type Cache, cacheFolder, diskCache, NO_CACHE } from "./cache.ts";
export { type MacTableRow, macTable, SYNTHESIS_SCATTER, TABLE_TERMS, tabulatedMac } from "./macTable.ts";
export { openLibrary } from "./openLibrary.ts";
export { RECIPES, type Recipe, recipeById } from "./recipes.ts";
export { recost, TIMED_LIBRARIES } from "./recost.ts";
export { type SynthesisOptions, type Synthesized, synthesize } from "./synthesize.ts";
export { macVerilogById, synthesizedCostById } from "./synthesizedCost.ts";
export {
  cellArea,
  type MacSynthesisOptions,
  type Objective,
  type SynthesizedMacCost,
  synthesizeMac,
} from "./synthesizeMac.ts";
export { typicalStreams } from "./typicalStreams.ts";
export { type BlockUnitChecks, verifyBlockUnit } from "./verifyBlockUnit.ts";
export { nativeYosys, wasmYosys, YOSYS_VERSION, type Yosys } from "./yosys.ts";
