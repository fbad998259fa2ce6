import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GGML_TYPES, ggmlType } from "../../../evaluate/model/ggufTypes.ts";
import { packageRoot } from "../../../evaluate/model/index.ts";

interface Golden {
  types: Record<string, { blocks: string; float32: string }>;
}

describe("evaluate/model/ggufTypes", () => {
  const path = join(packageRoot(), "test", "golden", "gguf.golden.json");
  const golden = JSON.parse(readFileSync(path, "utf8")) as Golden;
  const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

  for (const [name, { blocks, float32 }] of Object.entries(golden.types)) {
    it(`${name} blocks have the values of the gguf package bit for bit`, () => {
      const type = ggmlType(name);
      const input = bytes(blocks);
      const expected = bytes(float32);
      assert.equal(expected.length / 4, (input.length / type.bytes) * type.elements);
      for (const shift of [0, 1]) {
        const moved = new Uint8Array(input.length + shift).subarray(shift);
        moved.set(input);
        const out = new Float32Array(expected.length / 4);
        type.dequantize!(moved, out);
        assert.deepEqual(new Uint8Array(out.buffer), expected, `at byte ${shift} of the buffer`);
      }
    });
  }

  it("every type that can be read has a golden vector, and every vector has many values", () => {
    const readable = [...GGML_TYPES.values()].filter(({ dequantize }) => dequantize).map(({ name }) => name);
    assert.deepEqual(readable.sort(), Object.keys(golden.types).sort());
    assert.equal(readable.length, 15);
    for (const { float32 } of Object.values(golden.types)) {
      const values = new Float32Array(bytes(float32).buffer);
      assert.ok(new Set(values).size > 40 && values.every((value) => Number.isFinite(value)));
    }
  });
});
