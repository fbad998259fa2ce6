import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJournal } from "../../evaluate/sweep/index.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

describe("bitfrontier reproduce", function () {
  this.timeout(60_000);
  let folder: string;
  let out: string;
  let text: string;
  let row: Row;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-reproduce-"));
    [out, text] = [join(folder, "out"), join(folder, "text.txt")];
    writeFileSync(text, tinyText(2000));
    const model = writeTinyModel(join(folder, "model"));
    const sweep = ["sweep", "--models", model, "--tasks", `perplexity:${text}`, "--context", "16", "--out", out];
    const flags = ["--formats", "int4", "--groups", "8", "--methods", "rtn,gptq", "--calibration", text];
    assert.equal((await cli(...sweep, ...flags, "--calibration-windows", "5")).code, 0);
    row = [...(await readJournal(out)).rows.values()].find(({ method }) => method === "gptq")!;
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  let files = 0;
  const fileOf = (value: unknown) => {
    const path = join(folder, `row-${files++}.json`);
    writeFileSync(path, JSON.stringify(value));
    return path;
  };

  it("runs a calibrated row of a folder again and finds it the same", async () => {
    const { code, out: printed, err } = await cli("reproduce", row.key.slice(0, 10), "--from", out);
    assert.equal(code, 0, err);
    assert.match(printed, new RegExp(`^key +${row.key}$`, "m"));
    assert.match(err, /^row [0-9a-f]{12} \(int4@g8 on .*\) came out the same$/m);
  });

  it("exits 1 and says which figures of a row file differ", async () => {
    const { perplexity, layers } = row;
    const changed = layers.map((layer, i) => (i === 3 ? { ...layer, relativeMse: 0.5 } : layer));
    const { code, out: printed, err } = await cli("reproduce", fileOf({ ...row, perplexity: 1, layers: changed }));
    assert.equal(code, 1);
    assert.match(printed, new RegExp(`^perplexity +1 +${String(perplexity).replace(".", "\\.")}$`, "m"));
    assert.match(printed, /^layers\[3\]\.relativeMse +0\.5 +0\.00/m);
    assert.match(err, /^bitfrontier: row [0-9a-f]{12} \(int4@g8 on .*\) differs in 2 fields$/m);
  });

  it("takes other versions for a note, and other timing for nothing", async () => {
    const other = { ...row, versions: { ...row.versions, node: "1.2.3" }, timing: { ...row.timing, evaluateMs: 1e9 } };
    const { code, err } = await cli("reproduce", fileOf(other));
    assert.equal(code, 0, err);
    assert.match(err, /^note: node was "1\.2\.3", is "\d+\.\d+\.\d+"$/m);
  });

  it("says what changed when the trial is another one now", async () => {
    const path = fileOf(row);
    writeFileSync(text, tinyText(1999));
    try {
      const { code, err } = await cli("reproduce", path);
      assert.equal(code, 1);
      assert.match(
        err,
        /cannot be made again: the text \([0-9a-f]{12}… then, [0-9a-f]{12}… now\) and the calibration text changed/,
      );
    } finally {
      writeFileSync(text, tinyText(2000));
    }
  });

  it("names what is no row", async () => {
    for (const [words, message] of [
      [["zz"], /^bitfrontier: zz: expected a JSON file of a row \(there is no such file\), or at least 4 hex digits/],
      [["0000", "--from", out], /out: no row has a key that begins with 0000$/m],
      [["0000", "--from", join(folder, "nowhere")], /nowhere.journal\.jsonl: no such file or folder/],
      [[fileOf([row])], /row-\d+\.json: a list of 1; expected one row/],
      [[fileOf({ key: "a" })], /row-\d+\.json: expected a row, an object with key and format/],
      [[fileOf({ ...row, config: { nonsense: 1 } })], /unknown field "nonsense"/],
      [[fileOf({ ...row, config: null })], /row-\d+\.json: config: expected an object/],
    ] as [string[], RegExp][]) {
      const { code, err } = await cli("reproduce", ...words);
      assert.equal(code, 1, err);
      assert.match(err, message);
    }
  });
});
