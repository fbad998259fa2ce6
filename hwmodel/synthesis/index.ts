export { type Cache, cacheFolder, diskCache, NO_CACHE } from "./cache.ts";
export { RECIPES, type Recipe, recipeById } from "./recipes.ts";
export { type SynthesisOptions, type Synthesized, synthesize } from "./synthesize.ts";
export {
  cellArea,
  type MacSynthesisOptions,
  type Objective,
  type SynthesizedMacCost,
  synthesizeMac,
} from "./synthesizeMac.ts";
export { nativeYosys, wasmYosys, YOSYS_VERSION, type Yosys } from "./yosys.ts";
