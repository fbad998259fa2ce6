import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { methodParts } from "../../evaluate/methods/index.ts";
import { cli } from "./io.ts";
import { tinyEval } from "./tinyEval.ts";
import { tinyText } from "./tinyModel.ts";

const { at, rows } = tinyEval();

describe("bitfrontier with methods that calibrate", () => {
  it("logs each layer's output error, less than that of rounding to nearest, and keys the text by its content", async () => {
    const words = ["--format", "int3@g16", "--calibration", at("calibration.txt")];
    const [, gptq] = await rows(...words, "--method", "gptq");
    assert.equal(gptq!.method, "gptq");
    assert.equal(gptq!.layers.length, 14);
    for (const { name, outputError } of gptq!.layers) assert.ok(outputError! > 0 && outputError! < 0.2, name);
    const { calibration, methodOptions } = gptq!.config as { calibration: string; methodOptions: object };
    assert.equal(calibration, at("calibration.txt"));
    assert.match(
      JSON.stringify(methodOptions),
      /^\{"calibration":\{"textSha256":"[0-9a-f]{64}","windows":\d+,"context":\d+\}\}$/,
    );
    const [, again] = await rows(...words, "--method", "gptq:damp=0.01");
    assert.equal(again!.key, gptq!.key);
    assert.deepEqual(again!.windowLoss, gptq!.windowLoss);
    const [, fewer] = await rows(...words, "--method", "gptq", "--calibration-windows", "2");
    assert.notEqual(fewer!.key, gptq!.key);
    const [base, plain] = await rows(...words, "--method", "rtn");
    assert.ok(!("calibration" in plain!.config) && plain!.layers.every((layer) => !("outputError" in layer)));
    assert.ok(base!.key !== plain!.key && gptq!.weightMse > plain!.weightMse);
  });

  it("counts the bits of learned codebooks and costs no multiplier for them", async () => {
    const words = ["--format", "int3@g16", "--calibration", at("calibration.txt")];
    const [[, learned], [, plain]] = [await rows(...words, "--method", "learned+gptq"), await rows(...words)];
    assert.equal(learned!.cost, null);
    assert.ok(plain!.cost !== null);
    // 8 levels of 16 bits for each row: of 32 columns, but of the down projections.
    assert.ok(learned!.bitsPerWeight > plain!.bitsPerWeight + 2);
  });

  it("warns of a calibration on the evaluated text", async () => {
    const [, row] = await rows("--format", "int3@g16", "--method", "gptq", "--calibration", at("text.txt"));
    assert.match(row!.warnings.join("\n"), /the text the model is evaluated on/);
  });

  it("warns of a calibration that shares a part with the evaluated text", async () => {
    const evaluated = readFileSync(at("calibration.txt"), "utf8");
    writeFileSync(at("part.txt"), `${evaluated.slice(-1500)} ${tinyText(9000).slice(6000)}`);
    const task = ["--task", `perplexity:${at("calibration.txt")}`];
    const all = await rows(...task, "--format", "int3@g16", "--method", "gptq", "--calibration", at("part.txt"));
    const warned = all.filter(({ warnings }) => /% of its runs of 13 words are in the text the/.test(warnings.join()));
    assert.deepEqual(
      warned.map(({ format, task }) => [format, task]),
      [["int3@g16", task[1]]],
    );
  });

  it("writes what was calibrated into the record of a quantized folder", async () => {
    const out = at("out");
    const words = [
      "--format",
      "sf4@g16",
      "--method",
      "gptq+clip",
      "--calibration",
      at("calibration.txt"),
      "--out",
      out,
    ];
    const { code, err } = await cli("quantize", at("model"), ...words);
    assert.deepEqual([code, err], [0, ""]);
    const record = JSON.parse(readFileSync(join(out, "bitfrontier.json"), "utf8"));
    assert.equal(record.method, "clip+gptq");
    assert.deepEqual(Object.keys(record.calibration), ["source", "textSha256", "windows", "context"]);
    assert.ok(record.layers.every((layer: { outputError: number }) => layer.outputError < 0.1));
  });

  it("says that a method needs a calibration text, and what is wrong with one", async () => {
    const words = [
      "eval",
      at("model"),
      "--task",
      `perplexity:${at("text.txt")}`,
      "--context",
      "32",
      "--format",
      "int3@g16",
      "--method",
      "gptq",
    ];
    const { code, err } = await cli(...words);
    assert.equal(code, 1);
    assert.match(err, /method "gptq" needs a calibration text; give one with --calibration FILE/);
    assert.match((await cli(...words, "--calibration", at("none.txt"))).err, /text .*none\.txt: cannot be read/);
    writeFileSync(at("empty.txt"), "");
    assert.match((await cli(...words, "--calibration", at("empty.txt"))).err, /0 tokens; calibration needs a text/);
    assert.match((await cli(...words, "--calibration-windows", "0")).err, /--calibration-windows takes a whole number/);
  });

  it("names every part of a method in the help", async () => {
    for (const command of ["eval", "quantize", "sweep"]) {
      const { out } = await cli(command, "--help");
      for (const { id, summary } of methodParts) assert.ok(out.includes(`${id}: ${summary}`), `${command} ${id}`);
    }
  });
});
