import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "../../evaluate/trial/row.ts";
import { listFormats } from "../../formats/index.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

describe("named formats on the command line", function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-named-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("sweep beside elements: groups are their own, rows carry their name, bits and the widest codebook's cost", async () => {
    const text = join(folder, "text.txt");
    writeFileSync(text, tinyText(400));
    const out = join(folder, "run");
    const formats = "mxfp4,nvfp4,bitmod4@g16,if4,twn,olive4,uint4@g16,sf4";
    const model = writeTinyModel(join(folder, "model"));
    const words = ["--models", model, "--formats", formats, "--groups", "16", "--tasks", `perplexity:${text}`];
    const { code, err } = await cli("sweep", ...words, "--context", "16", "--out", out);
    assert.equal(code, 0, err);
    const journal = readFileSync(join(out, "journal.jsonl"), "utf8");
    const rows = journal
      .split("\n")
      .slice(1, -1) // after the journal's own first line
      .map((line) => JSON.parse(line) as Row);
    assert.deepEqual(
      rows.map(({ format, element, group }) => [format, element, group]),
      [
        ["fp32", "fp32", null],
        ["mxfp4", "mxfp4", 32],
        ["nvfp4", "nvfp4", 16],
        ["bitmod4@g16", "bitmod4", 16],
        ["if4", "if4", 16],
        ["twn", "twn", "row"],
        ["olive4", "olive4", "row"],
        ["uint4@g16", "uint4", 16],
        ["sf4@g16", "sf4", 16],
      ],
    );
    const row = (format: string) => rows.find((each) => each.format === format)!;
    assert.equal(row("mxfp4").bitsPerWeight, 4.25);
    assert.ok(row("nvfp4").bitsPerWeight > 4.5 && row("nvfp4").bitsPerWeight < 4.6);
    assert.match(row("bitmod4@g16").cost!.variant, /widest of 4 codebooks/);
    for (const { format, perplexity, weightMse } of rows.slice(1)) {
      assert.ok(perplexity! > 1 && weightMse > 0 && weightMse < 1, format);
    }
  });

  it("list with their bits, and explain themselves", async () => {
    const list = await cli("formats");
    for (const { id } of listFormats()) assert.match(list.out, new RegExp(`^${id.replaceAll(".", "\\.")} `, "m"));
    const { formats, elements } = JSON.parse((await cli("formats", "--json")).out);
    assert.equal(formats.length, listFormats().length);
    assert.ok(elements.length > 60);
    const sheet = (await cli("formats", "nvfp4")).out;
    assert.match(sheet, /bits\/weight {2}4\.5 \(4 \+ 8 per group of 16\) \+ 32 per tensor/);
    assert.match((await cli("formats", "quip#")).err, /vector codebooks are out of scope: QuIP#/);
    assert.match((await cli("formats", "mxpf4")).err, /did you mean mxfp4/);
  });
});
