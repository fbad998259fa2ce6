import assert from "node:assert/strict";
import { methodById } from "../../../evaluate/methods/index.ts";
import { parseFormat, UserError } from "../../../formats/index.ts";

describe("rounding on the device", () => {
  it("is a method of its own, and says which device it needs where there is none", async () => {
    const method = methodById("rtn:device");
    assert.equal(method.id, "rtn:device");
    const input = { format: parseFormat("sf4@g32"), matrices: [], weights: new Map(), into: new Map() };
    await assert.rejects(
      method.quantize(input),
      (e) =>
        e instanceof UserError && /"rtn:device" needs a device that holds weights .*--device webgpu/.test(e.message),
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
