/** @file Ends with 0 where a device other than the CPU works that is not software: asked in a process of its own. */
import { deviceOrder, probeDevice } from "../evaluate/engine/devices.ts";

for (const device of deviceOrder.filter((each) => each !== "cpu")) {
  const { found } = await probeDevice(device);
  if (found && !found.software) process.exit(0);
}
process.exit(1);
