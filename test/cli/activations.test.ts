import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { Row } from "../../evaluate/trial/row.ts";
import { cli } from "./io.ts";
import { tinyEval } from "./tinyEval.ts";

const { at, rows } = tinyEval();

describe("bitfrontier with rounded activations and cache", () => {
  it("states the setting in the row, counts the MAC of both operands, and keys what the setting stands for", async () => {
    const [, weights] = await rows("--format", "int4@g16");
    const [, both] = await rows("--format", "int4@g16", "--activation", "same", "--kv", "int4");
    const [, named] = await rows("--format", "int4@g16", "--activation", "int4@g16", "--kv", "int4@row");
    assert.deepEqual([weights!.activation, weights!.kv, weights!.cost!.activation], [undefined, undefined, "int8"]);
    assert.deepEqual([both!.activation, both!.kv, both!.cost!.activation], ["same", "int4@row", "int4"]);
    assert.ok(both!.cost!.areaGe < weights!.cost!.areaGe);
    assert.deepEqual(named!.windowLoss, both!.windowLoss);
    assert.notDeepEqual(both!.windowLoss, weights!.windowLoss);
    assert.equal(new Set([weights, both, named].map((row) => row!.key)).size, 3);
  });

  it("runs a model of full-precision weights in a setting, beside the unquantized one", async () => {
    const [baseline, rounded] = await rows("--activation", "int8");
    assert.deepEqual([baseline!.format, baseline!.activation], ["fp32", undefined]);
    assert.deepEqual([rounded!.format, rounded!.activation, rounded!.cost], ["fp32", "int8@row", null]);
    assert.ok(Math.abs(rounded!.deltaLoss!) < 0.05 && rounded!.deltaLossSigma! > 0);
    const { code, err } = await cli(
      "eval",
      at("model"),
      "--task",
      `perplexity:${at("text.txt")}`,
      "--activation",
      "same",
    );
    assert.equal(code, 1);
    assert.match(err, /need a format of the weights/);
  });

  it("calibrates on the inputs that the rounded model has, and scales or rotates them before they are rounded", async () => {
    const words = ["--format", "int4@g16", "--activation", "same", "--calibration", at("calibration.txt")];
    const losses = new Map<string, number[]>();
    for (const method of ["rtn", "smoothquant", "gptq", "gptaq", "hadamard", "smoothquant+hadamard+gptq"]) {
      const [, row] = await rows(...words, "--method", method);
      losses.set(method, row!.windowLoss);
      assert.equal(row!.windowLoss.length > 0, true, row!.reason);
    }
    assert.equal(new Set([...losses.values()].map(String)).size, 6);
  });

  it("runs static ranges, found on the calibration text", async () => {
    const words = ["--format", "int4@g16", "--calibration", at("calibration.txt")];
    const [, dynamic] = await rows(...words, "--activation", "int8");
    const [, fixed] = await rows(...words, "--activation", "int8@static");
    const [, clipped] = await rows(...words, "--activation", "INT4@static-mse:fp32", "--method", "smoothquant");
    assert.deepEqual([fixed!.activation, clipped!.activation], ["int8@static", "int4@static-mse:fp32"]);
    assert.ok("calibration" in (fixed!.config.methodOptions as object));
    assert.notDeepEqual(fixed!.windowLoss, dynamic!.windowLoss);
    assert.ok(Math.abs(fixed!.deltaLoss! - dynamic!.deltaLoss!) < 0.02);
    assert.notDeepEqual(clipped!.windowLoss, fixed!.windowLoss);
    const { code, err } = await cli(
      "eval",
      at("model"),
      "--task",
      `perplexity:${at("text.txt")}`,
      ...words.slice(0, 2),
      "--activation",
      "int8@static",
    );
    assert.equal(code, 1);
    assert.match(err, /calibration text/);
  });

  it("rounds the heads of a token together where asked to", async () => {
    const [, apart] = await rows("--format", "int4@g16", "--kv", "int4");
    const [, together] = await rows("--format", "int4@g16", "--kv", "INT4@token");
    assert.equal(together!.kv, "int4@token");
    assert.notDeepEqual(together!.windowLoss, apart!.windowLoss);
    assert.notEqual(together!.key, apart!.key);
  });

  it("scores continuations and divergences in the setting", async () => {
    const task = ["eval", at("model"), "--context", "32", "--json", "--format", "int4@g16", "--activation", "same"];
    const kl = await cli(...task, "--task", `kl:${at("text.txt")}`);
    assert.equal(kl.code, 0, kl.err);
    const [baseline, same] = JSON.parse(kl.out) as Row[];
    assert.ok(Math.abs(baseline!.metrics!.kl!.value!) < 1e-6);
    const w4 = await cli(...task.slice(0, -2), "--task", `kl:${at("text.txt")}`);
    const [, weights] = JSON.parse(w4.out) as Row[];
    assert.ok(same!.metrics!.kl!.value! > weights!.metrics!.kl!.value!);
    writeFileSync(
      at("lambada.jsonl"),
      ["a cat", "the dog ran", "b c d"].map((text) => JSON.stringify({ text })).join("\n"),
    );
    const lambada = await cli(...task, "--task", `lambada:${at("lambada.jsonl")}`);
    assert.equal(lambada.code, 0, lambada.err);
    const [full, rounded] = JSON.parse(lambada.out) as Row[];
    assert.notDeepEqual(full!.windowLoss, rounded!.windowLoss);
  });

  it("refuses what cannot run in one line, before any trial", async () => {
    for (const [setting, why] of [
      ["olive4", /olive4/],
      ["int8@tensor", /all tokens of a run/],
      ["int9", /int9/],
      ["nvfp4@static", /codebook and one scale/],
      ["int8@static", /give a format of them/],
    ] as const) {
      const { code, err } = await cli(
        "eval",
        at("model"),
        "--task",
        `perplexity:${at("text.txt")}`,
        "--activation",
        setting,
      );
      assert.equal(code, 1);
      assert.match(err, why);
    }
  });
});
