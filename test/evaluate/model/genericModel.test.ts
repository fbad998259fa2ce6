import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import {
  genericModel,
  isSupportedModel,
  openCheckpoint,
  openSafetensors,
  type RawTensorEntry,
  streamGeneric,
  streamSafetensors,
  type TensorEntry,
  writeSafetensors,
} from "../../../evaluate/model/index.ts";
import { UserError } from "../../../formats/error.ts";
import { assertUserError, temporaryDirectory } from "./support.ts";

const filled = (name: string, shape: number[]): TensorEntry => {
  const length = shape.reduce((n, d) => n * d, 1);
  return { name, shape, data: Float32Array.from({ length }, (_, i) => i + 0.5) };
};

describe("evaluate/model/genericModel", () => {
  const temporary = temporaryDirectory();
  const write = (...more: (TensorEntry | RawTensorEntry)[]) => {
    const entries = [
      filled("encoder.block.0.layer.0.SelfAttention.q.weight", [4, 6]),
      filled("shared.weight", [9, 6]),
      filled("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", [8, 2]),
      filled("conv.weight", [3, 2, 2, 5]),
      filled("conv.bias", [3]),
      filled("lm_head.weight", [9, 6]),
      filled("multi_head.out.weight", [2, 2]),
      ...more,
    ];
    writeSafetensors(temporary.at("model.safetensors"), entries, { dtype: "F32" });
    return openCheckpoint(temporary.at());
  };
  const ids: RawTensorEntry = {
    name: "position_ids",
    shape: [1, 3],
    dtype: "I64",
    bytes: new Uint8Array(BigInt64Array.of(0n, 1n, 2n).buffer),
  };
  const flags: RawTensorEntry = { name: "a.flags", shape: [3], dtype: "BOOL", bytes: Uint8Array.of(1, 0, 1) };

  it("genericModel takes every float matrix but embeddings and heads, kernels as [first, product of the others]", () => {
    const checkpoint = write(ids);
    const { matrices, kept } = genericModel(checkpoint);
    assert.deepEqual(matrices, [
      { name: "conv.weight", rows: 3, cols: 20 },
      { name: "encoder.block.0.layer.0.SelfAttention.q.weight", rows: 4, cols: 6 },
      { name: "multi_head.out.weight", rows: 2, cols: 2 },
    ]);
    assert.deepEqual(kept.map(({ name, reason }) => `${name}: ${reason}`).sort(), [
      "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight: an embedding or a head by its name",
      "lm_head.weight: an embedding or a head by its name",
      "position_ids: stored as I64, which is not rounded",
      "shared.weight: an embedding or a head by its name",
    ]);
    checkpoint.close();
  });

  it("genericModel keeps what cannot be rounded, with the reason given", () => {
    const checkpoint = write();
    const { matrices, kept } = genericModel(checkpoint, ({ cols }) => (cols < 6 ? "a row of 2" : null));
    assert.equal(matrices.length, 2);
    assert.deepEqual(kept.at(-2), { name: "multi_head.out.weight", reason: "a row of 2" });
    checkpoint.close();
  });

  it("genericModel names the checkpoint in which nothing can be rounded", () => {
    writeSafetensors(temporary.at("model.safetensors"), [filled("wte.weight", [2, 2])], { dtype: "F32" });
    const checkpoint = openCheckpoint(temporary.at());
    assertUserError(() => genericModel(checkpoint), temporary.at(), "no matrix to quantize", "wte.weight");
    checkpoint.close();
  });

  it("streamGeneric keeps every tensor: floats as they are or changed, others bit for bit and aligned", async () => {
    const checkpoint = write(ids, flags);
    const name = "conv.weight";
    const { matrices } = genericModel(checkpoint);
    const change = async (each: string, data: Float32Array) => (each === name ? new Float32Array(60).fill(7) : data);
    await streamSafetensors(temporary.at("copy.safetensors"), streamGeneric(checkpoint, matrices, change), () => ({}));
    const copy = openSafetensors(temporary.at("copy.safetensors"));
    assert.deepEqual([...copy.tensors.keys()].sort(), checkpoint.names().sort());
    assert.deepEqual([...copy.readFloat32(name)], new Array(60).fill(7));
    assert.deepEqual(copy.readFloat32("shared.weight"), checkpoint.read("shared.weight"));
    assert.deepEqual(copy.readRaw("position_ids"), ids.bytes);
    assert.deepEqual(copy.readRaw("a.flags"), flags.bytes);
    const { begin } = copy.tensors.get("shared.weight")!;
    assert.equal(begin % 4, 0);
    assert.deepEqual([copy.tensors.get("position_ids")!.dtype, [...copy.tensors.keys()].at(-1)], ["I64", "a.flags"]);
    copy.close();
    checkpoint.close();
  });

  it("streamGeneric names a matrix with NaN and leaves no file", async () => {
    const checkpoint = write({ name: "z.weight", shape: [1, 2], data: Float32Array.of(1, Number.NaN) });
    const entries = streamGeneric(checkpoint, genericModel(checkpoint).matrices, async (_, data) => data);
    await assert.rejects(
      streamSafetensors(temporary.at("nan.safetensors"), entries, () => ({})),
      (error: Error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /z\.weight is not finite: 1 NaN/);
        return true;
      },
    );
    assert.deepEqual(readdirSync(temporary.at()), ["model.safetensors"]);
    checkpoint.close();
  });

  it("isSupportedModel tells architectures that run from those that do not", () => {
    const config = (value: object) => writeFileSync(temporary.at("config.json"), JSON.stringify(value));
    config({ architectures: ["GPT2LMHeadModel"] });
    assert.equal(isSupportedModel(temporary.at()), true);
    config({ architectures: ["T5ForConditionalGeneration"] });
    assert.equal(isSupportedModel(temporary.at()), false);
    config({ model_type: "bloom" });
    assert.equal(isSupportedModel(temporary.at()), true);
    config({ architectures: 3 });
    assertUserError(() => isSupportedModel(temporary.at()), "config.json", "must be a list");
  });
});
