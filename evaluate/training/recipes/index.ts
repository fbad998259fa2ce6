import { nearest, UserError } from "../../../formats/index.ts";
import type { Recipe } from "../recipe.ts";
import { bitdistiller, bitdistillerCode } from "./bitdistiller.ts";
import { btt, bttElastic, bttPaper } from "./btt.ts";
import { ce } from "./ce.ts";
import { cakld, forwardKl, reverseKl } from "./kl.ts";
import { l4q } from "./l4q.ts";
import { learnedLevels } from "./learnedLevels.ts";
import { llmQat, llmQatCode } from "./llmQat.ts";
import { logitKd } from "./logitKd.ts";
import { lrQat, lrQat8Bit } from "./lrQat.ts";
import { paretoQ, paretoQSeq } from "./paretoQ.ts";
import { qad } from "./qad.ts";
import { rolora, roloraCode } from "./rolora.ts";
import { roste, rosteCache, rosteClip, rosteRotated } from "./roste.ts";
import { layerKd, teacherIntervention } from "./teacherIntervention.ts";
import { tsld, tsldMean, tsldOnly } from "./tsld.ts";
import { zeroQat, zeroQatLight, zeroQatStart } from "./zeroQat.ts";

/** Every recipe: a new one is its file and a line here. Command line, sweeps and tables know it from that. */
export const recipes: readonly Recipe[] = [
  ce,
  logitKd,
  tsld,
  tsldMean,
  tsldOnly,
  forwardKl,
  reverseKl,
  cakld,
  bitdistiller,
  bitdistillerCode,
  llmQat,
  llmQatCode,
  btt,
  bttPaper,
  bttElastic,
  teacherIntervention,
  layerKd,
  paretoQ,
  paretoQSeq,
  lrQat,
  lrQat8Bit,
  l4q,
  rolora,
  roloraCode,
  roste,
  rosteRotated,
  rosteCache,
  rosteClip,
  zeroQat,
  zeroQatLight,
  zeroQatStart,
  qad,
  learnedLevels,
];

/** The recipes with their meaning, for help texts. */
export function describeRecipes(): string {
  return recipes.map(({ id, summary }) => `${id}: ${summary}`).join("; ");
}

/** The recipe of an id. Throws UserError naming the nearest. */
export function recipeById(id: string): Recipe {
  const found = recipes.find((recipe) => recipe.id === id);
  if (found) return found;
  const known = recipes.map((recipe) => recipe.id);
  const similar = nearest(id, known, 1)[0];
  throw new UserError(
    `recipe "${id}": unknown${similar ? `; did you mean ${similar}?` : ""} (known: ${known.join(", ")})`,
  );
}
