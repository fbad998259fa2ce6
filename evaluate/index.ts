export { type DistillOptions, type DistillRecord, distillModel } from "./distill.ts";
export { type EvaluateOptions, evaluateModel } from "./evaluate.ts";
export { type Matrix, type Method, type MethodInput, type MethodResult, methodById, methods } from "./methods/index.ts";
export { type RoundingPool, roundingPool } from "./methods/roundingPool.ts";
export { createModelTrainer } from "./model/architectures/training.ts";
export {
  type Checkpoint,
  type FetchOptions,
  type FetchProgress,
  fetchModel,
  linearLayers,
  loadTokenizer,
  loadWeights,
  type ModelConfig,
  openCheckpoint,
  openSafetensors,
  readModelConfig,
  resolveModel,
  tensorShapes,
  writeSafetensors,
} from "./model/index.ts";
export { type LoadedModel, loadModel } from "./model/loadedModel.ts";
export { type PrepareOptions, prepareSweep } from "./prepare.ts";
export { type FitUnit, profileTensors, type TensorFit, tensorProfile } from "./profile.ts";
export { type QuantizeOptions, quantizeModel } from "./quantize.ts";
export { type Difference, type Reproduction, reproduceRow } from "./reproduce.ts";
export { createEvaluator, type Evaluator, type EvaluatorOptions } from "./scoring/evaluator.ts";
export { type SearchModelOptions, type SearchReport, type SearchRow, searchModel } from "./search/index.ts";
export { readDataFile, readText } from "./storage/dataFile.ts";
export {
  defaultConfig,
  openJournal,
  planTrials,
  type SweepConfig,
  sweepInto,
  validateConfig,
} from "./sweep/index.ts";
export { pairedDifference, perplexityOf, tasks } from "./tasks/index.ts";
export { type Recipe, type RetrainOptions, recipeById, recipes, retrain, type TrainingLog } from "./training/index.ts";
export { type MemoryEstimate, memoryLine } from "./trial/memory.ts";
export type { Row, TensorProfile } from "./trial/row.ts";
