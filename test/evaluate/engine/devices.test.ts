import assert from "node:assert/strict";
import { chooseDevice, type Probe, probeDevice } from "../../../evaluate/engine/devices.ts";
import type { Device } from "../../../evaluate/engine/session.ts";
import { UserError } from "../../../formats/error.ts";

const found = (device: Device, name: string, gflops: number, software = false): Probe => ({
  device,
  found: { device, name, memoryBytes: null, software },
  gflops,
});
const missing = (device: Device, reason: string): Probe => ({ device, found: null, reason });

/** A machine on which the probes end as given; devices that are not given are missing. */
async function choose(asked: Device | "auto", ...probes: Probe[]) {
  const lines: string[] = [];
  const probe = async (device: Device) => probes.find((p) => p.device === device) ?? missing(device, "not here");
  const { device } = await chooseDevice(asked, (line) => lines.push(line), probe);
  return { device, lines };
}

describe("devices", () => {
  it("auto takes the first GPU that works and says why those before it do not", async () => {
    const { device, lines } = await choose("auto", found("webgpu", "Radeon", 60), found("cpu", "EPYC", 90));
    assert.equal(device, "webgpu");
    assert.deepEqual(lines, ["not cuda: not here", "device webgpu: Radeon"]);
  });

  it("auto passes over software, named or recognized by its rate", async () => {
    const cpu = found("cpu", "EPYC", 90);
    const lavapipe = await choose("auto", found("webgpu", "lavapipe", 9, true), cpu);
    assert.equal(lavapipe.device, "cpu");
    assert.equal(lavapipe.lines[1], "not webgpu: lavapipe is no GPU, it multiplies at 9.0 GFLOP/s");
    assert.equal((await choose("auto", found("webgpu", "unnamed", 0.3), cpu)).device, "cpu");
  });

  it("a device asked for by name is taken, software too", async () => {
    assert.equal((await choose("webgpu", found("webgpu", "lavapipe", 3, true))).device, "webgpu");
  });

  it("a device asked for by name that does not work is an error, not another device", async () => {
    await assert.rejects(
      choose("cuda", found("cpu", "EPYC", 90)),
      (error) => error instanceof UserError && error.message === "device cuda: not here",
    );
  });

  it("the probe finds the CPU, and says how CUDA is added where it is not", async () => {
    const cpu = await probeDevice("cpu");
    assert.ok(cpu.found && cpu.found.name.length > 0 && cpu.gflops > 0.1);
    const cuda = await probeDevice("cuda");
    if (!cuda.found) assert.match(cuda.reason, /onnxruntime-node|CUDA/);
  });
});
