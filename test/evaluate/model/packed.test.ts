import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { evaluateModel } from "../../../evaluate/evaluate.ts";
import { formatGrid, groupsOf } from "../../../evaluate/methods/grid.ts";
import { createProducts } from "../../../evaluate/methods/products.ts";
import { codesOnGrid } from "../../../evaluate/model/gridCodes.ts";
import { openCheckpoint, openSafetensors, packageRoot, writeSafetensors } from "../../../evaluate/model/index.ts";
import { packedSizes, packMatrix, packQuantized, unpackMatrix } from "../../../evaluate/model/packedMatrix.ts";
import { quantizeModel } from "../../../evaluate/quantize.ts";
import { dequantize, listFormats, parseFormat, quantize, scaleStores } from "../../../formats/index.ts";
import { tinyText, writeTinyModel } from "../../cli/tinyModel.ts";
import { normals } from "../../random.ts";
import { assertUserError, temporaryDirectory } from "./support.ts";

const shape = { name: "w", rows: 3, cols: 320 };
const weights = Float32Array.from({ length: shape.rows * shape.cols }, normals(5)).map((x) => x * 0.02);

describe("packed matrices", () => {
  const { at } = temporaryDirectory();
  const golden = (name: string) => join(packageRoot(), "test", "golden", name);
  const given = { method: "rtn", calibration: null, versions: {} };

  it("give back every weight of every named format and every scale store, from parts whose sizes follow from the shape", () => {
    const stores = Object.keys(scaleStores).map((store) => `sf4@g16:${store}`);
    for (const id of [...listFormats().map((format) => format.id), ...stores, "int3@row", "e2m1@tensor"]) {
      const format = parseFormat(id);
      const parts = packMatrix(weights, shape, format);
      assert.deepEqual(
        new Map([...parts].map(([part, bytes]) => [part, bytes.length])),
        packedSizes(shape, format),
        id,
      );
      const plain = dequantize(quantize(weights, shape.rows, shape.cols, format), shape.rows, shape.cols, format);
      assert.deepEqual(unpackMatrix(parts, shape, format), plain, id);
    }
  });

  it("take the bytes of the format: 4-bit codes two a byte, fp16 scales two bytes a group", () => {
    const parts = packMatrix(weights, shape, parseFormat("sf4@g64"));
    assert.deepEqual(
      [...parts].map(([part, { length }]) => [part, length]),
      [
        ["codes", 3 * 160],
        ["scales", 3 * 5 * 2],
      ],
    );
  });

  it("a packed checkpoint reads as the dequantized one, bit for bit, Conv1D's layout included", async () => {
    for (const [name, format] of [
      ["tiny-llama-untied", "sf4@g16"],
      ["tiny-gpt2", "bitmod4@g8"],
      ["tiny-llama-tied", "uint4@g16"],
    ] as const) {
      const options = { ...given, model: golden(name), format };
      const [plainDir, packedDir] = [at(`${name}-plain`), at(`${name}-packed`)];
      const plainRecord = await quantizeModel({ ...options, out: plainDir });
      const packedRecord = await quantizeModel({ ...options, out: packedDir, packed: true });
      assert.deepEqual(packedRecord, plainRecord);
      const [plain, packed] = [openCheckpoint(plainDir), openCheckpoint(packedDir)];
      assert.deepEqual(packed.names().sort(), plain.names().sort());
      for (const tensor of plain.names()) {
        assert.deepEqual(packed.info(tensor).shape, plain.info(tensor).shape);
        assert.deepEqual(packed.read(tensor), plain.read(tensor), `${name} ${tensor}`);
      }
      for (const each of [plain, packed]) each.close();
      const size = (folder: string) => statSync(join(folder, "model.safetensors")).size;
      assert.ok(size(packedDir) < size(plainDir));
      const config = JSON.parse(readFileSync(join(packedDir, "config.json"), "utf8"));
      assert.deepEqual(config.quantization_config, { quant_method: "bitfrontier", format: plainRecord.format });
    }
  });

  it("a packed checkpoint is a model again, and what is made of it says nothing of packing", async () => {
    const model = at("again");
    await quantizeModel({ ...given, model: writeTinyModel(at("source")), format: "sf4@g16", out: model, packed: true });
    writeFileSync(at("again.txt"), tinyText(200));
    const task = { task: `perplexity:${at("again.txt")}`, context: 32, limitWindows: 2 };
    const [row] = await evaluateModel({ ...task, model, format: null, method: "rtn" });
    assert.equal(row!.windowLoss.length, 2);
    await quantizeModel({ ...given, model, format: "int8@g16", out: at("plain-again") });
    const config = JSON.parse(readFileSync(at("plain-again", "config.json"), "utf8"));
    assert.ok(!("quantization_config" in config));
  });

  it("names the matrix whose parts are missing or cut, and metadata that says nothing", async () => {
    await quantizeModel({ ...given, model: golden("tiny-llama-tied"), format: "sf4@g16", out: at("m"), packed: true });
    const file = openSafetensors(at("m", "model.safetensors"));
    const rewrite = (folder: string, leave: RegExp, metadata: Record<string, string>) => {
      mkdirSync(at(folder));
      cpSync(at("m", "config.json"), at(folder, "config.json"));
      const entries = [...file.tensors].flatMap(([name, { dtype, shape }]) =>
        leave.test(name) ? [] : [{ name, shape, dtype, bytes: file.readRaw(name) }],
      );
      writeSafetensors(at(folder, "model.safetensors"), entries, { dtype: "F32", metadata });
      return at(folder);
    };
    const metadata = Object.fromEntries(file.metadata);
    const noCodes = rewrite("a", /layers\.0\.mlp\.up_proj\.weight\.codes/, metadata);
    assertUserError(() => openCheckpoint(noCodes), "up_proj.weight has no codes");
    const noScales = openCheckpoint(rewrite("b", /layers\.0\.mlp\.up_proj\.weight\.scales/, metadata));
    assertUserError(() => noScales.read("model.layers.0.mlp.up_proj.weight"), "up_proj.weight: scales are missing");
    noScales.close();
    for (const [i, text] of ["{", "[]", '{"format":"sf4@g16","matrices":[{"name":"x","rows":-1,"cols":2}]}'].entries())
      assertUserError(
        () => openCheckpoint(rewrite(`c${i}`, /^$/, { "bitfrontier.packed": text })),
        "bitfrontier.packed",
      );
    file.close();
  });

  it("finds codes and scales of weights that any method has put on a format's grid, and says where there are none", () => {
    const matrix = { name: "w", rows: 4, cols: 64 };
    const before = weights.subarray(0, 256);
    // Half of the range that the format's own rule gives each group, so that no scale is the rule's.
    for (const id of ["sf4@g16", "e2m1+sr@g32", "int3@row", "uint4@g16", "nf4@g64:fp32", "mxfp4", "bitmod4@g16"]) {
      const format = parseFormat(id);
      const layer = { matrix, weights: before, format, moments: null, products: createProducts() };
      const grid = formatGrid(layer);
      const rounded = new Float32Array(256);
      for (const group of groupsOf(layer)) {
        const round = grid.fit(
          before.subarray(group.from, group.to).map((x) => 0.47 * x),
          group,
        );
        for (let i = group.from; i < group.to; i++) rounded[i] = round(before[i]!);
      }
      const found = codesOnGrid(before, rounded, matrix, format);
      assert.ok(found, id);
      assert.deepEqual(unpackMatrix(packQuantized(found, matrix, format), matrix, format), rounded, id);
      assert.equal(
        codesOnGrid(
          before,
          rounded.map((x, i) => x * (1 + (i % 3) / 8)),
          matrix,
          format,
        ),
        null,
        id,
      );
    }
  });

  it("packs what GPTQ has rounded, bit for bit the dequantized checkpoint", async () => {
    const options = { ...given, model: golden("tiny-llama-tied"), method: "clip+gptq", calibrationWindows: 4 };
    const text = { calibration: at("text.txt") };
    writeFileSync(text.calibration, tinyText(400));
    writeTinyModel(at("tiny"));
    for (const format of ["sf4@g16", "uint4@g16"]) {
      const model = at("tiny");
      await quantizeModel({ ...options, ...text, model, format, out: at(`${format}-plain`) });
      await quantizeModel({ ...options, ...text, model, format, out: at(`${format}-packed`), packed: true });
      const [plain, packed] = [openCheckpoint(at(`${format}-plain`)), openCheckpoint(at(`${format}-packed`))];
      for (const tensor of plain.names()) assert.deepEqual(packed.read(tensor), plain.read(tensor), tensor);
      for (const each of [plain, packed]) each.close();
    }
  });

  it("is refused, before anything is read, for methods that leave the grid", async () => {
    const options = { ...given, model: golden("tiny-llama-tied"), format: "sf4@g16", out: at("x"), packed: true };
    for (const method of ["awq", "hadamard+gptq", "learned", "hqq"])
      await assert.rejects(quantizeModel({ ...options, method }), /packed weights are those of a method that leaves/);
    for (const format of ["gguf-q4_1", "n2f3@g16", "nf4-dq@g16"])
      await assert.rejects(quantizeModel({ ...options, format, method: "clip" }), /are those of the method rtn/);
  });
});
