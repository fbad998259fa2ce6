export type { Block, VisitBlock } from "./blocks.ts";
export type { BuildModel } from "./buildModel.ts";
export { type Calibrator, type CalibratorOptions, createCalibrator, type SiteInputs } from "./calibrator.ts";
export { type Moments, momentsOf, rescaled } from "./moments.ts";
export { walkBytes } from "./walkBytes.ts";
