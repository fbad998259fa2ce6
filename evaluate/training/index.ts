export type { TokenWindows } from "./batches.ts";
export type { HistoryEntry, TrainingLog } from "./log.ts";
export type { Recipe } from "./recipe.ts";
export { recipeById, recipes } from "./recipes/index.ts";
export { type RetrainOptions, retrain } from "./retrain.ts";
export { graphTeacher, type Teacher } from "./teacher.ts";
export { cachedTeacher, teacherFolder } from "./teacherCache.ts";
export type { Trained } from "./train.ts";
