export type { TokenWindows } from "./batches.ts";
export type { Recipe } from "./recipe.ts";
export { recipeById, recipes } from "./recipes/index.ts";
export { type RetrainOptions, retrain } from "./retrain.ts";
export { graphTeacher, type Teacher } from "./teacher.ts";
export type { HistoryEntry, Trained, TrainingLog } from "./train.ts";
