import { roundToNearest } from "./nearest.ts";
import type { RoundingPart } from "./part.ts";

/** Round to nearest: each weight to its nearest level. Needs no data. */
export const rtn: RoundingPart = {
  slot: "rounding",
  id: "rtn",
  summary: "round to nearest (the default rounding)",
  calibration: "none",
  options: {},
  act: () => (layer) => ({ weights: roundToNearest(layer) }),
};
