export type { Block, VisitBlock } from "./blocks.ts";
export {
  type BuildModel,
  type Calibrator,
  type CalibratorOptions,
  createCalibrator,
  type SiteInputs,
  walkBytes,
} from "./calibrator.ts";
export { type Moments, momentsOf, rescaled } from "./moments.ts";
