import { UserError } from "../../formats/error.ts";

/** One way from RTL to gates. */
export interface Recipe {
  id: string;
  about: string;
  /** Merge multiplier and accumulator before logic optimization. */
  flatten: boolean;
  /** Script for ABC in Yosys' notation (`,` for a blank), or null for the default of `abc -liberty`. */
  abc: string | null;
}

/** Area oriented: SAT sweeping, rewriting, choices, area mapping. 8–22 % below the default on random logic. */
const AREA_MAP = "+strash;ifraig;scorr;dc2;dc2;dch,-f;amap,-m;topo";

/** As AREA_MAP, by way of five-input tables: finds other factors in truth tables. */
const TABLE_MAP = "+strash;ifraig;dc2;dch,-f;if,-K,5,-a;lutpack;strash;dc2;dc2;dch,-f;amap,-m;topo";

/** The recipes of a search; the best by the objective is kept. Small logic scatters by 3–5 % between them. */
export const RECIPES: readonly Recipe[] = [
  { id: "default", about: "adder cells, ABC's default script", flatten: false, abc: null },
  { id: "amap", about: "adder cells, area mapping", flatten: false, abc: AREA_MAP },
  { id: "flat-amap", about: "adder cells, one module, area mapping", flatten: true, abc: AREA_MAP },
  { id: "tables-amap", about: "adder cells, repacked as tables, area mapping", flatten: false, abc: TABLE_MAP },
];

/** Tried besides the others where delay matters: gates mapped for the fewest levels. */
export const FAST_RECIPE: Recipe = {
  id: "fast",
  about: "adder cells, one module, mapping for delay",
  flatten: true,
  abc: "+strash;ifraig;scorr;dc2;dch,-f;map;topo",
};

export function recipeById(id: string): Recipe {
  const known = [...RECIPES, FAST_RECIPE];
  const found = known.find((recipe) => recipe.id === id);
  if (!found) throw new UserError(`recipe ${id}: unknown; known are ${known.map((r) => r.id).join(", ")}`);
  return found;
}

/** Names of the files a script reads, in Yosys' own file tree. */
export const DESIGN_FILE = "design.v";
export const CELLS_FILE = "cells.v";
export const LIBERTY_FILE = "library.lib";

export function netlistFile(recipe: Recipe): string {
  return `${recipe.id}.json`;
}

/** The Yosys script that makes one mapped, flat netlist for each recipe from one design. */
export function yosysScript(top: string, recipes: readonly Recipe[]): string {
  const front = [
    `read_verilog ${DESIGN_FILE}`,
    "blackbox BF_FA BF_HA",
    `hierarchy -check -top ${top}`,
    "proc",
    "opt",
    "memory_map",
    "opt -full",
    "techmap",
    "opt",
    `techmap -map ${CELLS_FILE}`,
    "opt_clean",
    "design -save mapped",
  ];
  const backs = recipes.map((recipe) =>
    [
      "design -load mapped",
      ...(recipe.flatten ? ["flatten"] : []),
      `abc -liberty ${LIBERTY_FILE}${recipe.abc === null ? "" : ` -script "${recipe.abc}"`}`,
      "opt_clean",
      ...(recipe.flatten ? [] : ["flatten"]),
      "opt_clean -purge",
      `write_json ${netlistFile(recipe)}`,
    ].join("\n"),
  );
  return `${[...front, ...backs].join("\n")}\n`;
}
