import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SearchReport } from "../../evaluate/index.ts";
import { parseFormat } from "../../formats/index.ts";
import { cli } from "./io.ts";
import { writeTinyModel } from "./tinyModel.ts";

describe("bitfrontier search", () => {
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-search-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const model = writeTinyModel(join(folder, "model"));

  it("lists named and found codebooks by area, each an id that other commands take", async () => {
    const words = ["search", model, "--group", "16", "--tries", "120", "--keep", "3", "--beat", "int4,nf4"];
    const { code, out, err } = await cli(...words, "--json");
    assert.equal(code, 0, err);
    const { rows, tried, weights } = JSON.parse(out) as SearchReport;
    assert.equal(tried, 120);
    assert.equal(weights.taken, weights.of);
    assert.deepEqual(
      rows
        .filter(({ found }) => !found)
        .map(({ format }) => format)
        .sort(),
      ["int4@g16", "nf4@g16"],
    );
    assert.equal(rows.filter(({ found }) => found).length, 3);
    for (const [i, { format, areaGe }] of rows.entries()) {
      assert.equal(parseFormat(format).id, format);
      if (i > 0) assert.ok(areaGe >= rows[i - 1]!.areaGe);
    }
    assert.match(
      (await cli(...words)).out,
      /^120 codebooks tried on 18432 of 18432 weights in groups of 16, MACs with int8/,
    );
  });

  it("refuses in one line what it cannot search", async () => {
    for (const [words, message] of [
      [["--bits", "6"], /--bits takes 3, 4, 5, not "6"/],
      [["--activation", "bitmod4"], /bitmod4: the search needs one codebook/],
      [["--beat", "int44"], /int44/],
      [["--group", "1"], /--group takes a whole number from 2/],
      [["--group", "64"], /group 64 is larger than the row of 32 of model.layers.0/],
    ] as const) {
      const { code, err } = await cli("search", model, ...words, "--tries", "10");
      assert.notEqual(code, 0);
      assert.match(err, message);
      assert.equal(err.trimEnd().split("\n").length, 1);
    }
  });
});
