import { UserError } from "../../formats/error.ts";
import type { FoundDevice } from "../engine/devices.ts";
import { createResidence, holdsState, type Resident, type Weights } from "../engine/residence.ts";
import type { SessionOptions } from "../engine/session.ts";
import { createDeviceRounder, type DeviceRounder } from "../methods/deviceRounder.ts";
import { deviceRtn, type Method } from "../methods/index.ts";
import type { LoadedModel } from "../model/loadedModel.ts";
import { keepsModel } from "../scoring/runSize.ts";

/** A model's tensors at full precision where runs read them best: in the device's memory from the first use on, if it has room. */
export interface ResidentModel {
  weights(): Promise<Weights>;
  /** Rounds them there; null where the device cannot hold what comes of it. */
  readonly rounder: DeviceRounder | null;
  release(): Promise<void>;
}

export function createResidentModel(
  { weights, shapes, name }: Pick<LoadedModel, "weights" | "shapes" | "name">,
  engine: SessionOptions,
  device?: FoundDevice,
): ResidentModel {
  const residence = createResidence(engine);
  let placed: Promise<Resident> | undefined;
  const all = async (): Promise<Weights> => {
    if (!keepsModel(shapes, device)) return weights;
    placed ??= residence.place(weights, shapes);
    return new Map(Object.entries((await placed).feeds)) as Weights;
  };
  const rounder = holdsState(engine) ? createDeviceRounder(name, all, engine) : null;
  return {
    weights: all,
    rounder,
    async release() {
      (await placed)?.free();
      await rounder?.release();
      await residence.release();
    },
  };
}

/** Throws UserError where trials by a method cannot run on the device, before the first of them does. */
export function requireDeviceOf(method: Method, device?: Pick<FoundDevice, "device">): void {
  if (method === deviceRtn && !(device && holdsState(device)))
    throw new UserError(`method "rtn:device" needs a device that holds weights between runs: --device webgpu`);
}
