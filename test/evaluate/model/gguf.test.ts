import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { type GgufFile, openGguf } from "../../../evaluate/model/gguf.ts";
import { UserError } from "../../../formats/error.ts";
import { assertUserError, temporaryDirectory } from "./support.ts";
import { floats, type GgufSpec, ggufBytes, join, type Meta, text, u32, u64 } from "./writeGguf.ts";

const A = { name: "a", shape: [2, 3], data: floats([1, 2, 3, 4, 5, 6]) };
const B = { name: "b", shape: [2], data: floats([7, 8]) };

describe("evaluate/model/gguf", () => {
  const temporary = temporaryDirectory();
  const open = (spec: GgufSpec | Uint8Array): GgufFile => {
    writeFileSync(temporary.at("m.gguf"), spec instanceof Uint8Array ? spec : ggufBytes(spec));
    return openGguf(temporary.at("m.gguf"));
  };

  it("openGguf reads metadata of every type, and tensors with their shapes row-major", () => {
    for (const version of [2, 3]) {
      const file = open({
        version,
        metadata: [
          ["text", ["str", "é▁"]],
          ["yes", ["bool", true]],
          ["count", ["u32", 4294967295]],
          ["minus", ["i32", -2]],
          ["half", ["f32", 0.5]],
          ["large", ["u64", 2n ** 60n + 1n]],
          ["exact", ["u64", 2n ** 52n]],
          ["words", ["strs", ["x", ""]]],
          ["numbers", ["i32s", [1, -1]]],
        ],
        tensors: [A, B],
      });
      try {
        assert.deepEqual(
          [...file.metadata.values()],
          ["é▁", true, 4294967295, -2, 0.5, 1152921504606846977n, 4503599627370496, ["x", ""], [1, -1]],
        );
        assert.deepEqual([...file.tensors.keys()], ["a", "b"]);
        assert.deepEqual(file.tensors.get("a")!.shape, [2, 3]);
        assert.deepEqual([...file.readFloat32("a")], [1, 2, 3, 4, 5, 6]);
        assert.deepEqual([...file.readFloat32("b")], [7, 8]);
        assertUserError(() => file.readFloat32("c"), 'no tensor "c"');
      } finally {
        file.close();
      }
    }
  });

  it("openGguf reads a tensor of more than one chunk, of any alignment", () => {
    const count = 700_001;
    const values = Float32Array.from({ length: count }, (_, i) => i);
    for (const alignment of [8, 64, 4096]) {
      const file = open({
        alignment,
        metadata: [["general.alignment", ["u32", alignment]]],
        tensors: [B, { name: "big", shape: [count], data: floats(values) }, A],
      });
      assert.deepEqual(file.readFloat32("big"), values);
      assert.deepEqual([...file.readFloat32("a")], [1, 2, 3, 4, 5, 6]);
      file.close();
    }
  });

  it("openGguf accepts empty tensors, scalars, no tensors at all, and bytes after the last tensor", () => {
    const file = open({
      tensors: [
        { name: "none", shape: [0, 4], data: floats([]) },
        { name: "one", shape: [], data: floats([3]) },
      ],
    });
    assert.equal(file.readFloat32("none").length, 0);
    assert.deepEqual([...file.readFloat32("one")], [3]);
    file.close();
    open({}).close();
    open(join([ggufBytes({ tensors: [A] }), new Uint8Array(100)])).close();
  });

  it("openGguf refuses every truncation of a file", () => {
    const whole = ggufBytes({
      metadata: [
        ["k", ["str", "value"]],
        ["n", ["u32", 1]],
        ["l", ["strs", ["a", "bc"]]],
      ],
      tensors: [A, B],
    });
    // The padding after the last 8 bytes of data is no part of the tensor.
    for (let length = 0; length < whole.length - 24; length++) {
      assertUserError(() => open(whole.slice(0, length)), "m.gguf");
    }
    open(whole.slice(0, whole.length - 24)).close();
  });

  it("openGguf says that a file is truncated where the data ends early", () => {
    const whole = ggufBytes({ tensors: [A, B] });
    assertUserError(() => open(whole.slice(0, whole.length - 30)), 'tensor "b"', "truncated");
  });

  const meta = (...metadata: (readonly [string, Meta])[]): GgufSpec => ({ metadata });
  const raw = (...parts: Uint8Array[]): Meta => ["raw", join(parts)];
  const tensor = (changes: object): GgufSpec => ({ tensors: [{ ...A, ...changes }] });
  const HOSTILE: readonly [what: string, spec: GgufSpec, ...words: string[]][] = [
    ["another magic", { magic: "GGML" }, "GGUF"],
    ["version 1", { version: 1 }, "version 1"],
    ["version 4", { version: 4 }, "version 4"],
    ["a big-endian file", { version: 0x03000000 }, "big-endian"],
    ["2^60 tensors", { tensorCount: 2n ** 60n }, "1152921504606846976 tensors"],
    ["more tensors than the file holds", { tensorCount: 90_000n }, "truncated"],
    ["2^62 keys", { keyCount: 2n ** 62n }, "metadata keys"],
    ["a key of 2^63 bytes", { keyCount: 1n, tensors: [{ ...A, name: "" }] }, "m.gguf"],
    ["a text of 2^62 bytes", meta(["k", raw(u32(8), u64(2n ** 62n))]), "4611686018427387904 bytes"],
    ["a list of 2^61 texts", meta(["k", raw(u32(9), u32(8), u64(2n ** 61n))]), '"k"', "elements"],
    ["a list of 2^64 - 1 bytes", meta(["k", raw(u32(9), u32(0), u64(2n ** 64n - 1n))]), "elements"],
    ["a list of lists", meta(["k", raw(u32(9), u32(9), u64(1n), u32(4), u64(0n))]), "value type 9"],
    ["an unknown value type", meta(["k", raw(u32(13))]), "value type 13"],
    ["a boolean of 2", meta(["k", raw(u32(7), Uint8Array.of(2))]), "boolean of value 2"],
    ["a key twice", meta(["k", ["u32", 1]], ["k", ["u32", 1]]), '"k" appears twice'],
    ["text that is not UTF-8", meta(["k", raw(u32(8), u64(1n), Uint8Array.of(0xff))]), '"k"', "UTF-8"],
    ["alignment 0", meta(["general.alignment", ["u32", 0]]), "power of two"],
    ["alignment 24", meta(["general.alignment", ["u32", 24]]), "power of two"],
    ["alignment as text", meta(["general.alignment", ["str", "32"]]), "power of two"],
    ["five dimensions", tensor({ shape: [1, 1, 1, 2, 3] }), "5 dimensions"],
    ["a size beyond 2^53", tensor({ shape: [2n ** 40n, 2n ** 40n] }), "impossible size"],
    ["a hidden overflow", tensor({ shape: [0, 2n ** 63n] }), "impossible size"],
    ["a size that wraps to 0", tensor({ shape: [2n ** 32n, 2n ** 32n] }), "impossible size"],
    ["an unknown type", tensor({ type: 4 }), '"a"', "unknown type 4"],
    ["rows of half a block", tensor({ type: 8, shape: [2, 48] }), "rows of 48", "Q8_0"],
    ["an offset off the grid", tensor({ offset: 16n }), "offset 16"],
    ["an offset behind the file", tensor({ offset: 2n ** 63n }), "offset 9223372036854775808"],
    ["tensors that overlap", { tensors: [A, { ...B, offset: 0n }] }, '"b"', "offset 0"],
    ["tensors with a hole", { tensors: [A, { ...B, offset: 64n }] }, '"b"', "offset 64"],
    ["a tensor twice", { tensors: [A, A] }, '"a" appears twice'],
    ["a tensor's name of 200 bytes", tensor({ name: "x".repeat(200) }), "200 bytes"],
    ["more data than the file has", tensor({ shape: [2000, 3] }), "truncated"],
  ];
  for (const [what, spec, ...words] of HOSTILE) {
    it(`openGguf refuses ${what}`, () => assertUserError(() => open(spec), "m.gguf", ...words));
  }

  it("openGguf either reads or refuses a file with a few bytes changed: no crash, no hang", () => {
    const whole = ggufBytes({
      metadata: [
        ["text", ["str", "value"]],
        ["list", ["strs", ["a", "bc"]]],
        ["numbers", ["i32s", [1, 2, 3]]],
        ["general.alignment", ["u32", 32]],
      ],
      tensors: [A, B],
    });
    let state = 5;
    const random = (below: number): number => {
      state = (state * 48271) % 0x7fffffff;
      return state % below;
    };
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      const changed = whole.slice();
      for (let k = random(3); k >= 0; k--)
        changed[random(whole.length - 64)] = [0, 1, 0x7f, 0xff, random(256)][random(5)]!;
      writeFileSync(temporary.at("m.gguf"), changed);
      try {
        const file = openGguf(temporary.at("m.gguf"));
        try {
          for (const name of file.tensors.keys()) file.readFloat32(name);
        } finally {
          file.close();
        }
      } catch (error) {
        assert.ok(error instanceof UserError, String((error as Error).stack));
        refused++;
      }
    }
    assert.ok(refused > 120 && refused < 400, `${refused} refused`);
  });

  it("openGguf recognises a Git LFS pointer and a web page", () => {
    assertUserError(() => open(new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid")), "Git LFS");
    assertUserError(() => open(new TextEncoder().encode("<!DOCTYPE html><p>no")), "web page");
  });

  it("readFloat32 names the type it cannot read", () => {
    const file = open(tensor({ type: 26, data: u32(1), shape: [1] }));
    assertUserError(() => file.readFloat32("a"), '"a" is I32', "Q4_K");
    file.close();
  });

  it("names in messages are quoted and short", () => {
    const name = `${"x".repeat(90)}\n${"y".repeat(30)}`;
    assertUserError(() => open({ tensors: [{ ...A, name, type: 99 }] }), "\\n", "…");
    assert.ok(text(name).length > 100);
  });
});
