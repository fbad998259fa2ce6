import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareSweep } from "../../evaluate/prepare.ts";
import { defaultConfig, JOURNAL_FILE, readJournal } from "../../evaluate/sweep/index.ts";
import { sealLine } from "../../evaluate/sweep/journalLines.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

describe("a sweep whose files change", function () {
  this.timeout(60_000);
  let folder: string;
  let text: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-changes-"));
    text = join(folder, "text.txt");
    writeFileSync(text, tinyText(2000));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const model = (name: string) => writeTinyModel(join(folder, name));
  /** Changes the last weight of a model, in place. */
  const touch = (path: string) => {
    const file = join(path, "model.safetensors");
    const bytes = readFileSync(file);
    bytes[bytes.length - 3]! ^= 0x40;
    writeFileSync(file, bytes);
  };
  const sweep = (models: string, out: string, ...words: string[]) =>
    cli(
      ...["sweep", "--models", models, "--tasks", `perplexity:${text}`, "--context", "16", "--formats", "sf4,int4"],
      ...["--groups", "8", "--out", join(folder, out), ...words],
    );
  const rowsOf = async (out: string) => [...(await readJournal(join(folder, out))).rows.values()];
  const timeless = ({ timing: _, ...row }: Row) => row;

  it("tells of the old rows of changed weights, keeps them, and runs their trials again", async () => {
    const path = model("a");
    assert.equal((await sweep(path, "out")).code, 0);
    touch(path);
    const { code, err } = await sweep(path, "out");
    assert.equal(code, 0, err);
    assert.match(
      err,
      /^warning: 3 rows were made before the model's weights \([0-9a-f]{12}… then, [0-9a-f]{12}… now\) changed: they stay in the journal, their trials run again$/m,
    );
    assert.match(err, /^3\/3 /m);
    const rows = await rowsOf("out");
    assert.equal(rows.length, 6);
    assert.equal(new Set(rows.map(({ modelSha256 }) => modelSha256)).size, 2);
    const report = JSON.parse(readFileSync(join(folder, "out", "sweep.json"), "utf8")) as { keys: string[] };
    assert.deepEqual(
      report.keys,
      rows.slice(3).map(({ key }) => key),
    );
  });

  it("tells of rows that an older version of the program made", async () => {
    const path = model("a");
    assert.equal((await sweep(path, "out")).code, 0);
    const journal = join(folder, "out", JOURNAL_FILE);
    const [header, ...lines] = readFileSync(journal, "utf8").trimEnd().split("\n");
    const older = lines.map((line) => {
      const { checksum: _, ...row } = JSON.parse(line) as Row & { checksum: string };
      const identity = { ...(row.config.identity as object), resultVersion: 0 };
      return sealLine({ ...row, key: row.key.replace(/^./, "x"), config: { ...row.config, identity } });
    });
    writeFileSync(journal, `${header}\n${older.join("")}`);
    const { code, err } = await sweep(path, "out");
    assert.equal(code, 0, err);
    assert.match(err, /^warning: 3 rows were made before the version of the results \(0 then, \d+ now\) changed: /m);
    assert.equal((await rowsOf("out")).length, 6);
  });

  it("stops a trial whose model changed after the plan was made", async () => {
    const [a, b] = [model("a"), model("b")];
    touch(b);
    const config = { ...defaultConfig, models: [a, b], formats: ["sf4"], groups: [8], context: 16 };
    const prepared = await prepareSweep({ ...config, tasks: [`perplexity:${text}`] });
    const [base, , other] = prepared.plan;
    await prepared.runTrial(base!);
    touch(b);
    await assert.rejects(async () => prepared.runTrial(other!), {
      name: "UserError",
      message: `${b}: its weights changed while the sweep ran`,
    });
    await prepared.rest();
  });

  it("over two models gives the rows of a sweep over each, in one process and in several", async () => {
    const [a, b] = [model("a"), model("b")];
    touch(b);
    for (const [name, models] of [
      ["a", a],
      ["b", b],
      ["ab", `${a},${b}`],
    ] as const)
      assert.equal((await sweep(models, name)).code, 0);
    assert.equal((await sweep(`${a},${b}`, "ab2", "--jobs", "2")).code, 0);
    const apart = [...(await rowsOf("a")), ...(await rowsOf("b"))].map(timeless);
    assert.deepEqual((await rowsOf("ab")).map(timeless), apart);
    const pooled = new Map((await rowsOf("ab2")).map((row) => [row.key, timeless(row)]));
    assert.deepEqual(
      apart.map(({ key }) => pooled.get(key)),
      apart,
    );
    assert.notEqual(apart[1]!.perplexity, apart[4]!.perplexity);
  });
});
