import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { openSafetensors, type SafetensorsFile } from "../../../evaluate/model/index.ts";
import { HOSTILE, safetensors, VALID } from "./safetensorsVectors.ts";
import { assertUserError, temporaryDirectory } from "./support.ts";

describe("evaluate/model/safetensors", () => {
  const temporary = temporaryDirectory();
  const open: SafetensorsFile[] = [];
  const openBytes = (bytes: Uint8Array): SafetensorsFile => {
    writeFileSync(temporary.at("x.safetensors"), bytes);
    open.push(openSafetensors(temporary.at("x.safetensors")));
    return open.at(-1)!;
  };
  afterEach(() => {
    for (const file of open.splice(0)) file.close();
  });

  for (const { title, bytes, tensors } of VALID) {
    it(`openSafetensors accepts ${title}`, () => {
      const file = openBytes(bytes);
      const found = Array.from(file.tensors, ([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`);
      assert.deepEqual(found, tensors);
    });
  }

  for (const { title, bytes, error } of HOSTILE) {
    it(`openSafetensors refuses ${title}`, () => {
      assertUserError(() => openBytes(bytes), "x.safetensors", error);
    });
  }

  it("the vectors are at least 12 well-formed and 50 hostile files, three of which the reference lets pass", () => {
    assert.ok(VALID.length >= 12 && HOSTILE.length >= 50);
    assert.equal(HOSTILE.filter((vector) => vector.stricter).length, 3);
  });

  it("openSafetensors refuses every truncation of a file", () => {
    const whole = safetensors('{"a":{"dtype":"F16","shape":[3],"data_offsets":[0,6]}}', 6);
    for (let length = 0; length < whole.length; length++)
      assertUserError(() => openBytes(whole.slice(0, length)), "x.saf");
  });

  for (const dtype of ["F32", "F16", "BF16"]) {
    it(`readSlice of ${dtype} gives the elements that readFloat32 gives there, and refuses spans outside`, () => {
      const size = dtype === "F32" ? 4 : 2;
      const whole = safetensors(
        `{"a":{"dtype":"${dtype}","shape":[2],"data_offsets":[0,${2 * size}]},"b":{"dtype":"${dtype}","shape":[3,5],"data_offsets":[${2 * size},${17 * size}]}}`,
        17 * size,
      );
      // Small patterns: subnormals in all three types, no NaN.
      for (let i = 0; i < 17; i++) whole[whole.length - 17 * size + i * size] = i + 1;
      const file = openBytes(whole);
      const all = file.readFloat32("b");
      assert.equal(new Set(all).size, 15);
      for (const [from, to] of [
        [0, 15],
        [4, 11],
        [14, 15],
        [7, 7],
      ] as const)
        assert.deepEqual(file.readSlice("b", from, to), all.slice(from, to));
      for (const [from, to] of [
        [-1, 3],
        [3, 16],
        [5, 4],
        [0.5, 2],
      ] as const)
        assert.throws(() => file.readSlice("b", from, to), RangeError);
    });
  }

  it("openSafetensors keeps text metadata, with keys of any name", () => {
    const file = openBytes(safetensors('{"__metadata__":{"format":"pt","__proto__":"x"}}'));
    assert.deepEqual(
      [...file.metadata],
      [
        ["format", "pt"],
        ["__proto__", "x"],
      ],
    );
  });

  it("openSafetensors refuses an absent file and a folder, by name", () => {
    assertUserError(() => openSafetensors(temporary.at("none.safetensors")), "none.safetensors", "no such file");
    assertUserError(() => openSafetensors(temporary.at()), "not a regular file");
  });

  it("openSafetensors opens 100,000 tensors in reversed order in reasonable time", function () {
    this.timeout(20_000);
    const entries = Array.from({ length: 100_000 }, (_, i) => {
      const begin = 99_999 - i;
      return `"t${i}":{"dtype":"U8","shape":[1],"data_offsets":[${begin},${begin + 1}]}`;
    });
    const file = openBytes(safetensors(`{${entries.join(",")}}`, 100_000));
    assert.equal([...file.tensors.keys()][0], "t99999");
  });

  it("readFloat32 reads F32, F16 and BF16 at odd positions", () => {
    const header =
      '{"p":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"f":{"dtype":"F32","shape":[2],"data_offsets":[1,9]},' +
      '"h":{"dtype":"F16","shape":[2],"data_offsets":[9,13]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[13,17]}}';
    const bytes = safetensors(header, 17);
    // 1.5, -0 as float32; 65504, 2^-24 as float16; -1, 1.0078125 as bfloat16
    bytes.set([0, 0, 0xc0, 0x3f, 0, 0, 0, 0x80, 0xff, 0x7b, 0x01, 0x00, 0x80, 0xbf, 0x81, 0x3f], bytes.length - 16);
    const file = openBytes(bytes);
    assert.deepEqual([...file.readFloat32("f")], [1.5, -0]);
    assert.deepEqual([...file.readFloat32("h")], [65504, 2 ** -24]);
    assert.deepEqual([...file.readFloat32("b")], [-1, 1.0078125]);
    assert.deepEqual([...file.readRaw("p")], [0]);
  });

  it("readFloat32 lets NaN and infinities pass, and gives an empty array for a zero-size tensor", () => {
    const header =
      '{"z":{"dtype":"BF16","shape":[0,3],"data_offsets":[0,0]},"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]}}';
    const bytes = safetensors(header, 6);
    bytes.set([0x00, 0x7e, 0x00, 0x7c, 0x00, 0xfc], bytes.length - 6);
    const file = openBytes(bytes);
    assert.deepEqual([...file.readFloat32("h")], [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    assert.equal(file.readFloat32("z").length, 0);
  });

  it("readFloat32 reads a BF16 tensor longer than one chunk", () => {
    const count = 9_000_000;
    const bytes = safetensors(`{"a":{"dtype":"BF16","shape":[${count}],"data_offsets":[0,${2 * count}]}}`, 2 * count);
    const start = bytes.length - 2 * count;
    for (let i = 0; i < count; i++) {
      bytes[start + 2 * i] = i & 0xff;
      bytes[start + 2 * i + 1] = (i >> 8) & 0x3f;
    }
    const bits = new Uint32Array(openBytes(bytes).readFloat32("a").buffer);
    assert.ok(bits.every((value, i) => value === (i & 0x3fff) * 65536));
  });

  it("readFloat32 names the tensor and dtype that it cannot read, and the tensor that is absent", () => {
    const file = openBytes(safetensors('{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}', 8));
    assertUserError(() => file.readFloat32("ids"), "x.safetensors", '"ids"', "I64", "BF16");
    assertUserError(() => file.readFloat32("none"), "x.safetensors", '"none"');
  });

  it("readRaw says when the file has become shorter since it was opened", () => {
    const file = openBytes(safetensors('{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}', 4));
    truncateSync(file.path, 10);
    assertUserError(() => file.readRaw("a"), "became shorter");
  });

  it("chunks() yields the bytes of the whole file", () => {
    const file = openBytes(VALID[1]!.bytes);
    assert.deepEqual(Buffer.concat([...file.chunks()].map((chunk) => Buffer.from(chunk))), readFileSync(file.path));
  });
});
