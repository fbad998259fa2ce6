import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Checkpoint, openCheckpoint, type TensorEntry } from "../../../evaluate/model/index.ts";
import { assertUserError, temporaryDirectory } from "./support.ts";
import { writeShards, writeWeights } from "./tinyLlama.ts";

const entry = (name: string, ...values: number[]): TensorEntry => ({
  name,
  shape: [values.length],
  data: Float32Array.from(values),
});
const [A, B, C] = [entry("a", 1, 2), entry("b", 3), entry("c", -4, 5, 6)];
const ONE = "model-00001-of-00002.safetensors";
const TWO = "model-00002-of-00002.safetensors";

describe("evaluate/model/checkpoint", () => {
  const temporary = temporaryDirectory();
  const opened: Checkpoint[] = [];
  const open = (...names: string[]): Checkpoint => {
    opened.push(openCheckpoint(temporary.at(...names)));
    return opened.at(-1)!;
  };
  const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
  afterEach(() => {
    for (const checkpoint of opened.splice(0)) checkpoint.close();
  });

  it("openCheckpoint reads a single file, and its hash is that of the file", () => {
    writeWeights(temporary.at(), [A, B], "any name.safetensors");
    const checkpoint = open("any name.safetensors");
    assert.deepEqual(checkpoint.names(), ["a", "b"]);
    assert.deepEqual([...checkpoint.read("a")], [1, 2]);
    assert.equal(checkpoint.info("b").dtype, "BF16");
    assert.equal(checkpoint.configPath, null);
    assert.equal(checkpoint.sha256(), sha256(readFileSync(temporary.at("any name.safetensors"))));
  });

  it("openCheckpoint reads a directory, model.safetensors before an index", () => {
    writeShards(temporary.at(), { [ONE]: [A] });
    writeWeights(temporary.at(), [B]);
    writeFileSync(temporary.at("config.json"), "{}");
    const checkpoint = open();
    assert.deepEqual(checkpoint.names(), ["b"]);
    assert.equal(checkpoint.configPath, temporary.at("config.json"));
  });

  it("openCheckpoint reads shards whatever total_size says, and hashes them as sha256sum's list", () => {
    writeShards(temporary.at(), { [TWO]: [C], [ONE]: [A, B] });
    const checkpoint = open();
    assert.deepEqual(checkpoint.names(), ["a", "b", "c"]);
    assert.deepEqual([...checkpoint.read("c")], [-4, 5, 6]);
    const lines = [ONE, TWO].map((name) => `${sha256(readFileSync(temporary.at(name)))}  ${name}\n`).join("");
    assert.equal(checkpoint.sha256(), sha256(lines));
  });

  it("the hash changes with one bit of one weight", () => {
    writeWeights(temporary.at(), [A, B]);
    const before = open().sha256();
    writeWeights(temporary.at(), [A, entry("b", 3.015625)]);
    assert.notEqual(open().sha256(), before);
  });

  it("openCheckpoint names the shard that is missing", () => {
    writeShards(temporary.at(), { [ONE]: [A], [TWO]: [B] });
    rmSync(temporary.at(TWO));
    assertUserError(() => open(), `shard ${TWO} is missing`);
  });

  it("openCheckpoint names the shard that is truncated", () => {
    writeShards(temporary.at(), { [ONE]: [A], [TWO]: [B] });
    writeFileSync(temporary.at(TWO), readFileSync(temporary.at(TWO)).subarray(0, -1));
    assertUserError(() => open(), TWO, "truncated");
  });

  for (const shard of [
    "../x.safetensors",
    "/x.safetensors",
    "d/x.safetensors",
    "d\\x.safetensors",
    "..",
    "",
    ".x.safetensors",
    "c:x.safetensors",
    "x.bin",
    3,
    null,
  ]) {
    it(`openCheckpoint refuses an index that names ${JSON.stringify(shard)}`, () => {
      writeShards(temporary.at(), { [ONE]: [A] }, { b: shard });
      assertUserError(() => open(), "index.json", '"b"', "no plain .safetensors file name");
    });
  }

  it("openCheckpoint refuses a tensor that lies in another shard than the index says, or in none", () => {
    writeShards(temporary.at(), { [ONE]: [A], [TWO]: [B, C] }, { b: ONE });
    assertUserError(() => open(), '"b" should lie in', ONE, `lies in ${TWO}`);
    writeShards(temporary.at(), { [ONE]: [A], [TWO]: [B] }, { c: ONE });
    assertUserError(() => open(), '"c"', "no shard has it");
  });

  it("openCheckpoint refuses a tensor that lies in two shards", () => {
    writeShards(temporary.at(), { [ONE]: [A, B], [TWO]: [B, C] });
    assertUserError(() => open(), '"b" lies in two shards', ONE, TWO);
  });

  it("openCheckpoint refuses an index of too many shards before it opens any", () => {
    const map = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`t${i}`, `s${i}.safetensors`]));
    writeShards(temporary.at(), {}, map);
    assertUserError(() => open(), "more than 1000 shards");
  });

  it("openCheckpoint refuses an index that is not an index", () => {
    const cases: [string, string][] = [
      ["{", "not valid JSON"],
      ["[]", "does not hold a JSON object"],
      ["{}", "weight_map"],
      ['{"weight_map":[]}', "weight_map"],
      ['{"weight_map":{}}', "weight_map"],
      ['{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}', "duplicate key"],
    ];
    for (const [text, word] of cases) {
      writeFileSync(temporary.at("model.safetensors.index.json"), text);
      assertUserError(() => open(), "model.safetensors.index.json", word);
    }
  });

  it("openCheckpoint says what it found in place of safetensors", () => {
    assertUserError(() => open(), "no model.safetensors");
    writeFileSync(temporary.at("pytorch_model.bin"), "");
    assertUserError(() => open(), "pytorch_model.bin", "only safetensors and GGUF");
    assertUserError(() => open("absent"), "absent", "no such model file or folder");
  });

  it("read names the checkpoint and the tensor that is absent", () => {
    writeWeights(temporary.at(), [A]);
    const checkpoint = open();
    assert.ok(!checkpoint.has("z"));
    assertUserError(() => checkpoint.read("z"), temporary.at(), '"z"');
  });
});
