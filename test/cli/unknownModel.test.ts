import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint, openSafetensors, packageRoot, writeSafetensors } from "../../evaluate/model/index.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

let folder: string;
const at = (...names: string[]) => join(folder, ...names);

before(() => {
  folder = mkdtempSync(join(tmpdir(), "bitfrontier-unknown-"));
  const random = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898));
  writeFileSync(at("config.json"), '{"architectures": ["T5ForConditionalGeneration"], "dropout_rate": 1.0}');
  writeSafetensors(
    at("model.safetensors"),
    [
      { name: "shared.weight", shape: [10, 32], data: random(320) },
      { name: "encoder.block.0.layer.0.SelfAttention.q.weight", shape: [32, 32], data: random(1024) },
      { name: "encoder.block.0.layer.0.layer_norm.weight", shape: [32], data: random(32) },
      { name: "encoder.mixer.conv1d.weight", shape: [32, 1, 4], data: random(128) },
      { name: "encoder.ids", shape: [1, 2], dtype: "I64", bytes: new Uint8Array(16).fill(3) },
    ],
    { dtype: "F32" },
  );
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("a checkpoint of an unknown architecture", () => {
  it("is quantized matrix by matrix, with the scope and what was kept on record", async () => {
    const out = at("out");
    const { code, err } = await cli("quantize", folder, "--format", "int4@g16", "--out", out);
    assert.deepEqual([code, err], [0, ""]);
    const record = JSON.parse(readFileSync(join(out, "bitfrontier.json"), "utf8"));
    assert.equal(record.scope, "matrices");
    assert.deepEqual(
      record.layers.map((layer: { name: string; shape: number[] }) => [layer.name, layer.shape]),
      [["encoder.block.0.layer.0.SelfAttention.q.weight", [32, 32]]],
    );
    // transformers 5 refuses an integer where a field is a float.
    assert.match(readFileSync(join(out, "config.json"), "utf8"), /"dropout_rate": 1\.0,/);
    const kept = Object.fromEntries(
      record.kept.map((each: { name: string; reason: string }) => [each.name, each.reason]),
    );
    assert.match(kept["encoder.mixer.conv1d.weight"], /group 16 is larger than the row of 4/);
    assert.match(kept["shared.weight"], /embedding/);
    const [before, after] = [openSafetensors(at("model.safetensors")), openSafetensors(join(out, "model.safetensors"))];
    assert.deepEqual([...after.tensors.keys()].sort(), [...before.tensors.keys()].sort());
    for (const name of ["shared.weight", "encoder.mixer.conv1d.weight", "encoder.ids"]) {
      assert.deepEqual(after.readRaw(name), before.readRaw(name), name);
    }
    const group = after.readFloat32("encoder.block.0.layer.0.SelfAttention.q.weight").subarray(16, 32);
    const scale = Math.max(...group.map(Math.abs)) / 7;
    for (const value of group) assert.ok(Math.abs(value / scale - Math.round(value / scale)) < 1e-5, `${value}`);
    before.close();
    after.close();
  });

  it("is fitted", async () => {
    const { code, out } = await cli("fit", folder, "--json");
    assert.equal(code, 0);
    assert.match(out, /SelfAttention\.q\.weight/);
  });

  it("is not run: the error names the architectures that are", async () => {
    for (const words of [
      ["eval", folder, "--task", "perplexity:x.txt"],
      ["quantize", folder, "--format", "int4@g16", "--method", "gptq", "--out", at("never")],
    ]) {
      const { code, err } = await cli(...words);
      assert.equal(code, 1);
      assert.match(err, /"T5ForConditionalGeneration" is not supported; supported: LlamaForCausalLM, Mistral.*Bloom/);
    }
    assert.equal(existsSync(at("never")), false);
  });
});

describe("bitfrontier quantize of GPT-2", () => {
  it("groups along the inputs and keeps the checkpoint's layout", async () => {
    const source = at("gpt2");
    cpSync(join(packageRoot(), "test", "golden", "tiny-gpt2"), source, { recursive: true });
    const out = at("gpt2-int4");
    const { code, err } = await cli("quantize", source, "--format", "int4@g24", "--out", out);
    assert.deepEqual([code, err], [0, ""]);
    const [before, after] = [openCheckpoint(source), openCheckpoint(out)];
    const name = "h.0.mlp.c_fc.weight";
    assert.deepEqual([...after.info(name).shape], [24, 96]);
    const [old, data] = [before.read(name), after.read(name)];
    // Column 5 of the stored [inputs, outputs] is one output's group of 24 inputs.
    const column = (x: Float32Array) => Float32Array.from({ length: 24 }, (_, i) => x[i * 96 + 5]!);
    const scale = Math.max(...column(old).map(Math.abs)) / 7;
    column(data).forEach((value, i) => {
      assert.ok(Math.abs(value - Math.round(column(old)[i]! / scale) * scale) < 1e-3 * scale, `input ${i}`);
    });
    assert.deepEqual(after.read("wte.weight"), before.read("wte.weight"));
    before.close();
    after.close();
  });

  it("gives a folder with the score of the format", async () => {
    const source = at("gpt2-run");
    cpSync(join(packageRoot(), "test", "golden", "tiny-gpt2"), source, { recursive: true });
    cpSync(join(writeTinyModel(at("letters")), "tokenizer.json"), join(source, "tokenizer.json"));
    writeFileSync(at("text.txt"), tinyText(100));
    const out = at("gpt2-run-sf4");
    await cli("quantize", source, "--format", "sf4@g12", "--out", out);
    const losses = async (...words: string[]) => {
      const task = ["--task", `perplexity:${at("text.txt")}`, "--context", "16", "--json"];
      return (JSON.parse((await cli("eval", ...words, ...task)).out) as Row[]).map(({ windowLoss }) => windowLoss);
    };
    const [full, rounded] = await losses(source, "--format", "sf4@g12");
    assert.deepEqual(await losses(out), [rounded]);
    assert.notDeepEqual(full, rounded);
    assert.equal(full!.length, 6);
  }).timeout(20_000);
});
