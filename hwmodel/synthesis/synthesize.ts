import { type CellLibrary, toLiberty } from "../libraries/index.ts";
import type { Netlist } from "../netlist/netlist.ts";
import { readYosysJson } from "../netlist/yosysJson.ts";
import { type Cache, cacheKey, NO_CACHE } from "./cache.ts";
import { cellMap } from "./cellMap.ts";
import { CELLS_FILE, DESIGN_FILE, LIBERTY_FILE, netlistFile, RECIPES, type Recipe, yosysScript } from "./recipes.ts";
import type { Yosys } from "./yosys.ts";

export interface SynthesisOptions {
  yosys: Yosys;
  recipes?: readonly Recipe[];
  cache?: Cache;
  timeoutMs?: number;
}

/** A design's netlist by one recipe, in cells of the library; hierarchy shows only in instance names (`multiplier.…`). */
export interface Synthesized {
  recipe: Recipe;
  netlist: Netlist;
}

/**
 * Maps Verilog to a library, once for each recipe, at relaxed timing. Throws UserError naming the design and the cause if Yosys
 * is missing, fails, runs out of time, or leaves a cell that is not the library's.
 */
export async function synthesize(
  design: { top: string; verilog: string },
  library: CellLibrary,
  { yosys, recipes = RECIPES, cache = NO_CACHE, timeoutMs }: SynthesisOptions,
): Promise<Synthesized[]> {
  const { top, verilog } = design;
  const liberty = toLiberty(library);
  const cells = cellMap(library);
  const keys = recipes.map((recipe) => cacheKey([yosys.version, verilog, liberty, cells, yosysScript(top, [recipe])]));
  const texts = await Promise.all(keys.map((key) => cache.read(key)));
  const missing = recipes.filter((_, i) => texts[i] === null);
  if (missing.length > 0) {
    const outputs = await yosys.run({
      subject: `${top} in ${library.id}`,
      script: yosysScript(top, missing),
      files: { [DESIGN_FILE]: verilog, [CELLS_FILE]: cells, [LIBERTY_FILE]: liberty },
      outputs: missing.map(netlistFile),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    for (const [i, recipe] of recipes.entries()) {
      const text = outputs[netlistFile(recipe)];
      if (texts[i] !== null || text === undefined) continue;
      texts[i] = text;
    }
  }
  const results = recipes.map((recipe, i) => ({ recipe, netlist: readYosysJson(texts[i]!, library, top) }));
  // Only what was read without complaint is kept.
  await Promise.all(
    missing.map((recipe) => cache.write(keys[recipes.indexOf(recipe)]!, texts[recipes.indexOf(recipe)]!)),
  );
  return results;
}
