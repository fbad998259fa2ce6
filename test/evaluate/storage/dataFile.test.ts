import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../evaluate/model/index.ts";
import { readDataFile } from "../../../evaluate/storage/dataFile.ts";
import { plainText } from "../../../evaluate/tasks/index.ts";
import { UserError } from "../../../formats/error.ts";
import { assertUserError, temporaryDirectory } from "../model/support.ts";

const folder = join(packageRoot(), "test", "golden", "tasks");

async function refusal(path: string): Promise<string> {
  try {
    await readDataFile(path);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.ok(!error.message.includes("\n"));
    return error.message;
  }
  throw new Error(`${path} was read`);
}

describe("data files", () => {
  const { at } = temporaryDirectory();

  it("a .parquet file has the rows that pyarrow was given, lists, structures and 64-bit labels included", async () => {
    for (const name of ["hellaswag", "arc-easy"]) {
      const { data } = await readDataFile(join(folder, `${name}.parquet`));
      const lines = readFileSync(join(folder, `${name}.jsonl`), "utf8")
        .trimEnd()
        .split("\n");
      assert.deepEqual(
        data.kind === "rows" && data.rows,
        lines.map((line) => JSON.parse(line)),
      );
    }
  });

  it("texts of rows are joined by an empty line, from the field text, page or content, of lines and tables alike", async () => {
    writeFileSync(at("a.jsonl"), '{"text":"one\\n"}\n\n{"text":""}\n{"page":"three"}\n');
    assert.equal(plainText((await readDataFile(at("a.jsonl"))).data, "a.jsonl"), "one\n\n\n\n\nthree");
    assert.equal(plainText({ kind: "rows", rows: [{ content: "x" }, { text: "y" }] }, "a"), "x\n\ny");
    writeFileSync(at("a.txt"), '{"text":"one"}');
    assert.equal(plainText((await readDataFile(at("a.txt"))).data, "a.txt"), '{"text":"one"}');
  });

  it("refuses rows without a text, naming the row", () => {
    assertUserError(
      () => plainText({ kind: "lines", text: '{"text":"a"}\n{"texts":"b"}' }, "a.jsonl"),
      "line 2",
      "text",
    );
    assertUserError(() => plainText({ kind: "rows", rows: [{ text: null }] }, "a.parquet"), "a.parquet row 1", "text");
  });

  it("refuses what is absent, not UTF-8, no Parquet or cut short, naming the file", async () => {
    assert.match(await refusal(at("none.txt")), /none\.txt: cannot be read: no such file/);
    writeFileSync(at("latin.txt"), Uint8Array.of(0x61, 0xe9, 0x62));
    assert.match(await refusal(at("latin.txt")), /latin\.txt: not UTF-8/);
    writeFileSync(at("page.parquet"), "<html></html>");
    assert.match(await refusal(at("page.parquet")), /page\.parquet: not a readable Parquet file/);
    const whole = readFileSync(join(folder, "hellaswag.parquet"));
    writeFileSync(at("cut.parquet"), whole.subarray(0, whole.length / 2));
    assert.match(await refusal(at("cut.parquet")), /cut\.parquet: not a readable Parquet file/);
    writeFileSync(at("hole.parquet"), Buffer.concat([whole.subarray(0, 40), Buffer.alloc(400), whole.subarray(440)]));
    assert.match(await refusal(at("hole.parquet")), /hole\.parquet: not a readable Parquet file/);
  });
});
