import "./optimalBooks.ts";

export { type Accumulator, type AccumulatorState, createAccumulator } from "./accumulator.ts";
export { type BlockOptimalOptions, blockOptimalCodebook, lloydMax } from "./derivedCodebooks.ts";
export { type Histogram, histogram } from "./histogram.ts";
export { type Clusters, kMeans } from "./kMeans.ts";
export { ksDistance } from "./ks.ts";
export type { LawSource } from "./law.ts";
export { type LearnedCodebooks, learnedCodebooks } from "./learnedCodebooks.ts";
export { type Moments, moments, type Samples } from "./moments.ts";
export type { OptimalLevels } from "./optimalLevels.ts";
export { type PaperFit, type PaperNetwork, paperNetworks } from "./paperNetworks.ts";
export { type Prediction, type PredictionOptions, predictedError } from "./predictedError.ts";
export { digamma, lgamma, normalCdf, studentTCdf, studentTLogPdf, trigamma } from "./special.ts";
export { fitStudentT } from "./student.ts";
export type { FitOptions, TFit } from "./tfit.ts";
export { fitSomeRows, fitUnits, UNITS_MAX, type UnitFits } from "./units.ts";
export type { Verdict } from "./verdict.ts";
export { fitWithin, type WithinFit } from "./within.ts";
