export { type DataFile, plainText } from "./dataFile.ts";
export { EXAMPLES_MAX } from "./examples.ts";
export { perplexity } from "./perplexity.ts";
export { parseTask, taskById, tasks } from "./registry.ts";
export {
  type Mean,
  meanAndError,
  type PairedDifference,
  type Perplexity,
  pairedDifference,
  perplexityOf,
} from "./statistics.ts";
export type {
  Metric,
  Request,
  RequestScore,
  Score,
  ScoredModel,
  Task,
  TaskData,
  TaskInputs,
  TaskMetrics,
  TaskSpec,
  WindowDivergences,
} from "./task.ts";
export { CONTEXT_MAX, cutWindows, type Windows, windowsProtocol } from "./windows.ts";
