import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import { checkTarball, documentsOf, loadCorpus, TEXT_SOURCES } from "../../models/corpus.ts";

const [sotu, mobyDick] = [TEXT_SOURCES[0]!, TEXT_SOURCES[1]!];
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("models/corpus", () => {
  it("documentsOf orders chapters by number, puts the rest after them, and skips other files", () => {
    const files = new Map([
      ["package/data/epilogue.txt", utf8("The drama's done.")],
      ["package/data/chapter_10.txt", utf8("ten")],
      ["package/data/chapter_9.txt", utf8("nine\r\n")],
      ["package/data/chapter_9.json", utf8("{}")],
      ["package/data/contents.txt", utf8("CHAPTER 1. Loomings.")],
      ["package/data/data.txt", utf8("everything again")],
    ]);
    assert.deepEqual(documentsOf(files, mobyDick), [
      { source: "moby-dick", name: "chapter_9", text: "nine" },
      { source: "moby-dick", name: "chapter_10", text: "ten" },
      { source: "moby-dick", name: "epilogue", text: "The drama's done." },
    ]);
  });

  it("documentsOf orders speeches by year, then name", () => {
    const paths = ["1961_john_f_kennedy_d", "1961_dwight_d_eisenhower_r", "1790_george_washington_n"];
    const files = new Map(paths.map((name) => [`package/data/${name}.txt`, utf8(name)]));
    assert.deepEqual(
      documentsOf(files, sotu).map(({ name }) => name),
      ["1790_george_washington_n", "1961_dwight_d_eisenhower_r", "1961_john_f_kennedy_d"],
    );
  });

  it("documentsOf refuses a package without documents and text that is not UTF-8", () => {
    assert.throws(() => documentsOf(new Map(), sotu), UserError);
    const files = new Map([["package/data/1790_x.txt", Uint8Array.of(0x61, 0xff)]]);
    assert.throws(() => documentsOf(files, sotu), /1790_x\.txt: not UTF-8/);
  });

  it("checkTarball refuses bytes other than the pinned release", () => {
    assert.throws(() => checkTarball(utf8("x"), sotu), /SHA-256 2d711642[0-9a-f]+, expected ab03f909/);
  });

  it("loadCorpus refuses a damaged cached tarball and removes it, without asking the network", () => {
    const directory = mkdtempSync(join(tmpdir(), "bitfrontier-corpus-"));
    try {
      const path = join(directory, sotu.tarball);
      writeFileSync(path, "damaged");
      assert.throws(() => loadCorpus(directory, [sotu]), UserError);
      assert.ok(!existsSync(path));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
