import assert from "node:assert/strict";
import { methodById } from "../../../evaluate/methods/index.ts";
import { prepareSweep } from "../../../evaluate/prepare.ts";
import { defaultConfig } from "../../../evaluate/sweep/index.ts";
import { requireDeviceOf } from "../../../evaluate/trial/residentModel.ts";
import { parseFormat, UserError } from "../../../formats/index.ts";

describe("rounding on the device", () => {
  it("is a method of its own, and says which device it needs", () => {
    const method = methodById("rtn:device");
    assert.equal(method.id, "rtn:device");
    requireDeviceOf(method, { device: "webgpu" });
    requireDeviceOf(methodById("rtn"));
    for (const device of ["cpu", "cuda"] as const)
      assert.throws(
        () => requireDeviceOf(method, { device }),
        (e) =>
          e instanceof UserError &&
          e.message === 'method "rtn:device" needs a device that holds weights between runs: --device webgpu',
      );
  });

  it("is refused before the first trial of a sweep where there is none, and where nothing is evaluated", async () => {
    const config = { ...defaultConfig, formats: ["sf4"], groups: [64], methods: ["rtn:device"] };
    await assert.rejects(
      prepareSweep({ ...config, tasks: ["perplexity:reference"], context: 16, limitWindows: 1 }),
      (e) => e instanceof UserError && /needs a device that holds weights/.test(e.message),
    );
    const input = { format: parseFormat("sf4@g32"), matrices: [], weights: new Map(), into: new Map() };
    await assert.rejects(
      methodById("rtn:device").quantize(input),
      (e) => e instanceof UserError && /rounds for an evaluation.* take rtn/.test(e.message),
    );
  });

  it("gives what the device made and said, and refuses ranges that are calibrated on the host", async () => {
    const made = { layers: [], weightMse: 0.25, extraBitsPerWeight: 0, warnings: [], placed: new Map() };
    const format = parseFormat("sf4@g32");
    const asked: string[] = [];
    const rounder = {
      async round({ id }: { id: string }) {
        asked.push(id);
        return made;
      },
      release: async () => {},
    };
    const input = { format, matrices: [], weights: new Map(), into: new Map(), rounder };
    assert.equal(await methodById("rtn:device").quantize(input), made);
    assert.deepEqual(asked, ["sf4@g32"]);
    const inputs = { format: parseFormat("int8@row"), range: "absmax" as const };
    await assert.rejects(methodById("rtn:device").quantize({ ...input, inputs }), /static ranges .* take rtn/);
  });
});
