import assert from "node:assert/strict";
import { methodById, methods } from "../../../evaluate/methods/index.ts";
import { quantized, W } from "./toy.ts";

describe("methodById", () => {
  it("gives equal methods equal ids: parts in the order of their slots, options sorted, defaults left out", () => {
    assert.equal(methodById("gptq+clip").id, "clip+gptq");
    assert.equal(methodById(" gptq:static:damp=0.05 ").id, "gptq:damp=0.05:static");
    assert.equal(methodById("gptq:damp=0.01").id, "gptq");
    assert.equal(methodById("clip+rtn").id, "clip");
    assert.equal(methodById("rtn").id, "rtn");
  });

  it("asks for as much calibration as its parts do", () => {
    assert.deepEqual(
      ["rtn", "clip", "clip+gptq", "clip-output", "gptaq"].map((id) => methodById(id).calibration),
      ["none", "none", "inputs", "inputs", "drift"],
    );
  });

  it("orders scaling, range and rounding", () => {
    assert.equal(methodById("gptq+clip-output+awq").id, "awq+clip-output+gptq");
  });

  it("has a part of its own name for every listed method", () => {
    for (const { id, summary } of methods) {
      assert.equal(methodById(id).id, id);
      assert.ok(summary.length > 10, id);
    }
  });

  for (const [id, message] of [
    ["gptk", /^method "gptk": unknown "gptk"; did you mean gptq\? \(known: rtn, /],
    ["", /unknown ""/],
    ["gptq+", /unknown ""/],
    ["gptq+rtn", /gptq and rtn exclude each other/],
    ["clip+hqq", /hqq has grids of its own, which clip does not choose/],
    ["awq+smoothquant+gptq", /awq and smoothquant exclude each other/],
    ["clip+clip-output+gptq", /clip and clip-output exclude each other/],
    ["gptq:dmap=1", /gptq has no option "dmap"; did you mean damp\? \(known: damp, /],
    ["rtn:static", /rtn has no option "static"/],
    ["gptq:damp", /option damp takes a number/],
    ["gptq:damp=", /option damp takes a number/],
    ["gptq:damp=-1", /option damp takes a number/],
    ["gptq:damp=Infinity", /option damp takes a number/],
    ["gptq:damp=1=2", /option damp takes a number/],
    ["gptq:static=1", /option static takes no value/],
    ["gptq:static:static", /static is given twice/],
    ["gptq:constructor", /has no option "constructor"/],
  ] as const) {
    it(`refuses ${JSON.stringify(id)} in one line`, () => {
      assert.throws(() => methodById(id), { name: "UserError", message });
    });
  }

  it("refuses to calibrate without a text", async () => {
    await assert.rejects(
      methodById("clip+gptq").quantize({
        format: (await import("../../../formats/index.ts")).parseFormat("nf4@g8"),
        matrices: [{ name: "w", rows: 4, cols: 16 }],
        weights: new Map([["w", W]]),
        into: new Map([["w", new Float32Array(64)]]),
      }),
      { name: "UserError", message: /method "clip\+gptq" needs a calibration text/ },
    );
  });

  it("composes: clip+gptq is better on the output than either alone, in three bits", async () => {
    const errors = await Promise.all(
      ["clip-output", "gptq", "clip+gptq"].map(async (id) => (await quantized(id, "int3@g8")).layers[0]!.outputError!),
    );
    assert.ok(errors[2]! < errors[0]! && errors[2]! < errors[1]!, `${errors}`);
  });
});
