export { type BuildModel, type Calibrator, type CalibratorOptions, createCalibrator } from "./calibrator.ts";
export { type Moments, momentsOf, rescaled } from "./moments.ts";
