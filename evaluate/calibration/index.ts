export {
  type BuildModel,
  type Calibrator,
  type CalibratorOptions,
  createCalibrator,
  type SiteInputs,
} from "./calibrator.ts";
export { type Moments, momentsOf, rescaled } from "./moments.ts";
