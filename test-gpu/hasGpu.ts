/**
 * @file Ends with 0 where a device other than the CPU works that is not software, and says what was found: asked in a process
 * of its own.
 */
import { deviceOrder, probeDevice } from "../evaluate/engine/devices.ts";

let found = false;
for (const device of deviceOrder.filter((each) => each !== "cpu")) {
  const probe = await probeDevice(device);
  if (probe.found && !probe.found.software) found = true;
  console.log(`${device}: ${probe.found ? probe.found.name : probe.reason}`);
}
process.stdout.write("", () => process.exit(found ? 0 : 1));
