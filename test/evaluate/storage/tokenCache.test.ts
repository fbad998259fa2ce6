import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TextTokenizer } from "../../../evaluate/model/index.ts";
import { cachingTokenizer } from "../../../evaluate/storage/tokenCache.ts";

describe("cachingTokenizer", () => {
  let folder: string;
  let calls: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-tokens-"));
    calls = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const long = "abc".repeat(20_000);
  const made = (sha256 = "s", at = join(folder, "cache")) =>
    cachingTokenizer(
      {
        encode(text, options) {
          calls.push(text.slice(0, 3));
          return Int32Array.from({ length: text.length / 3 }, (_, i) => (options?.bos ? i + 1 : i));
        },
        decode: () => "",
        vocabSize: 1,
        bosTokenId: null,
        eosTokenId: null,
        addsBos: false,
        sha256,
      } satisfies TextTokenizer,
      at,
    );

  it("tokenizes a long text once for all processes, and gives the same ids", () => {
    const first = made().encode(long);
    assert.deepEqual(made().encode(long), first);
    assert.deepEqual(calls, ["abc"]);
    assert.equal(first[19_999], 19_999);
  });

  it("tells other texts, tokenizers and options apart", () => {
    made().encode(long);
    assert.equal(made().encode(long, { bos: true })[0], 1);
    made("other").encode(long);
    made().encode(`x${long.slice(1)}`);
    assert.deepEqual(calls, ["abc", "abc", "abc", "xbc"]);
  });

  it("makes a damaged file again", () => {
    const first = made().encode(long);
    const [name] = readdirSync(join(folder, "cache"));
    const path = join(folder, "cache", name!);
    const bytes = readFileSync(path);
    for (const damage of [bytes.subarray(0, 1000), new Uint8Array(), bytes.with(500, bytes[500]! ^ 1)]) {
      writeFileSync(path, damage);
      assert.deepEqual(made().encode(long), first);
    }
    assert.equal(calls.length, 4);
    assert.deepEqual(readFileSync(path), bytes);
  });

  it("does without where texts are short or the folder cannot be made", () => {
    made().encode("abc");
    assert.deepEqual(readdirSync(folder), []);
    writeFileSync(join(folder, "file"), "");
    assert.equal(made("s", join(folder, "file", "cache")).encode(long).length, 20_000);
  });
});
