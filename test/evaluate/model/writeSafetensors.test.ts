import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { openSafetensors, type TensorEntry, writeSafetensors } from "../../../evaluate/model/index.ts";
import { assertUserError, temporaryDirectory } from "./support.ts";

const ENTRIES: readonly TensorEntry[] = [
  { name: "é", shape: [0, 2], data: new Float32Array(0) },
  { name: "b.weight", shape: [2, 3], data: Float32Array.of(1, -2.5, Math.PI, 0.1, 65504, 1e-8) },
  { name: "a", shape: [1], data: Float32Array.of(7) },
];

/** What safetensors 0.8.0 for Python writes for the same tensors (bfloat16 by ml_dtypes 0.6.0). */
const REFERENCE = {
  F32: "d0000000000000007b225f5f6d657461646174615f5f223a7b22666f726d6174223a227074227d2c2261223a7b226474797065223a22463332222c227368617065223a5b315d2c22646174615f6f666673657473223a5b302c345d7d2c22622e776569676874223a7b226474797065223a22463332222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b342c32385d7d2c22c3a9223a7b226474797065223a22463332222c227368617065223a5b302c325d2c22646174615f6f666673657473223a5b32382c32385d7d7d20200000e0400000803f000020c0db0f4940cdcccc3d00e07f4777cc2b32",
  F16: "b0000000000000007b2261223a7b226474797065223a22463136222c227368617065223a5b315d2c22646174615f6f666673657473223a5b302c325d7d2c22622e776569676874223a7b226474797065223a22463136222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b322c31345d7d2c22c3a9223a7b226474797065223a22463136222c227368617065223a5b302c325d2c22646174615f6f666673657473223a5b31342c31345d7d7d200047003c00c14842662eff7b0000",
  BF16: "b8000000000000007b2261223a7b226474797065223a2242463136222c227368617065223a5b315d2c22646174615f6f666673657473223a5b302c325d7d2c22622e776569676874223a7b226474797065223a2242463136222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b322c31345d7d2c22c3a9223a7b226474797065223a2242463136222c227368617065223a5b302c325d2c22646174615f6f666673657473223a5b31342c31345d7d7d202020202020e040803f20c04940cd3d80472c32",
} as const;

describe("evaluate/model/writeSafetensors", () => {
  const temporary = temporaryDirectory();

  for (const dtype of ["F32", "F16", "BF16"] as const) {
    it(`writeSafetensors writes ${dtype} byte for byte as the reference does`, () => {
      const options = dtype === "F32" ? { dtype, metadata: { format: "pt" } } : { dtype };
      writeSafetensors(temporary.at("x.safetensors"), ENTRIES, options);
      assert.equal(readFileSync(temporary.at("x.safetensors")).toString("hex"), REFERENCE[dtype]);
      assert.deepEqual(readdirSync(temporary.at()), ["x.safetensors"]);
    });
  }

  it("writeSafetensors writes names that are special in JavaScript, and openSafetensors reads them back", () => {
    const names = ["__proto__", "2", "10", "a"];
    const entries = names.map((name, i) => ({ name, shape: [], data: Float32Array.of(i) }));
    writeSafetensors(temporary.at("x.safetensors"), entries, { dtype: "F32" });
    const file = openSafetensors(temporary.at("x.safetensors"));
    assert.deepEqual([...file.tensors.keys()], ["10", "2", "__proto__", "a"]);
    assert.deepEqual(
      names.map((name) => file.readFloat32(name)[0]),
      [0, 1, 2, 3],
    );
    file.close();
  });

  it("writeSafetensors writes views into a larger buffer, and NaN and infinities", () => {
    const buffer = Float32Array.of(9, 1, Number.NaN, Number.NEGATIVE_INFINITY, 9);
    const entries = [{ name: "a", shape: [3], data: buffer.subarray(1, 4) }];
    for (const dtype of ["F32", "F16", "BF16"] as const) {
      writeSafetensors(temporary.at("x.safetensors"), entries, { dtype });
      const file = openSafetensors(temporary.at("x.safetensors"));
      assert.deepEqual([...file.readFloat32("a")], [1, Number.NaN, Number.NEGATIVE_INFINITY]);
      file.close();
    }
  });

  it("writeSafetensors refuses wrong shapes, repeated and reserved names, and leaves the old file alone", () => {
    const path = temporary.at("x.safetensors");
    writeFileSync(path, "old");
    const one = { name: "a", shape: [1], data: Float32Array.of(1) };
    const write = (...entries: TensorEntry[]) => writeSafetensors(path, entries, { dtype: "F32" });
    assertUserError(() => write({ ...one, shape: [2] }), "x.safetensors", "tensor a", "[2]");
    assertUserError(() => write({ ...one, shape: [-1, -1] }), "tensor a");
    assertUserError(() => write(one, one), "tensor name a is repeated");
    assertUserError(() => write({ ...one, name: "__metadata__" }), "__metadata__ is reserved");
    assert.equal(readFileSync(path, "utf8"), "old");
  });

  it("writeSafetensors refuses to turn a finite value into infinity, and leaves nothing half-written", () => {
    const write = (value: number, dtype: "F16" | "BF16") =>
      writeSafetensors(temporary.at("x.safetensors"), [{ name: "w", shape: [2], data: Float32Array.of(0, value) }], {
        dtype,
      });
    assertUserError(() => write(65520, "F16"), "w[1] = 65520", "F16");
    assertUserError(() => write(3.4028234663852886e38, "BF16"), "w[1]", "BF16");
    assert.deepEqual(readdirSync(temporary.at()), []);
  });
});
