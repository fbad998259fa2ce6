import { UserError } from "../../formats/index.ts";
import type { Method } from "./method.ts";

/**
 * Round to nearest where the model runs: nothing of the weights crosses to the device. A method of its own because scales are
 * found in float32 there, where formats/ has float64, so that now and then a number goes to the neighbouring level.
 */
export const deviceRtn: Method = {
  id: "rtn:device",
  summary: "round to nearest on the GPU itself, scales in float32 (--device webgpu)",
  calibration: "none",
  holdsOriginals: false,
  readsInputs: false,
  onGrid: true,
  ownLevels: false,
  rotates: false,
  learnsRanges: false,
  draws: false,
  seeded: () => deviceRtn,
  async quantize({ format, matrices, rounder, inputs }) {
    if (!rounder)
      throw new UserError(
        `method "rtn:device" rounds for an evaluation, which is where it runs; take rtn, its like on the host`,
      );
    if (inputs?.range)
      throw new UserError(`method "rtn:device": static ranges of activations are calibrated; take rtn`);
    return rounder.round(format, matrices);
  },
};
