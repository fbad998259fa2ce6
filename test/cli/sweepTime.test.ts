import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJournal } from "../../evaluate/sweep/index.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

describe("bitfrontier sweep --time", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-time-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const [text, out] = [join(folder, "text.txt"), join(folder, "out")];
  writeFileSync(text, tinyText(600));
  const model = writeTinyModel(join(folder, "model"));
  const sweep = (...words: string[]) =>
    cli(
      ...["sweep", "--models", model, "--tasks", `perplexity:${text}`, "--context", "16", "--groups", "8"],
      ...["--formats", "sf4,int4", "--out", out, ...words],
    );

  it("starts no trial once it is up, exits 0, says what is open, and goes on from there", async () => {
    const { code, err } = await sweep("--time", "0.001s");
    assert.equal(code, 0, err);
    assert.match(err, /^time is up with 3 trials open; the same command goes on from here$/m);
    assert.equal((await readJournal(out)).rows.size, 0);
    const rest = await sweep("--time", "1000d");
    assert.equal(rest.code, 0, rest.err);
    assert.doesNotMatch(rest.err, /time is up/);
    assert.equal((await readJournal(out)).rows.size, 3);
  });

  it("takes a time, and is not Slurm's", async () => {
    const [wrong, slurm] = [await sweep("--time", "soon"), await sweep("--time", "2h", "--executor", "slurm")];
    assert.deepEqual([wrong.code, slurm.code], [2, 2]);
    assert.match(wrong.err, /^bitfrontier: sweep: --time takes a time such as 90s, 30m or 2h, not "soon"\n$/);
    assert.match(
      slurm.err,
      /^bitfrontier: sweep: --time is of trials that run here; Slurm's own is --slurm=--time=…\n$/,
    );
  });
});
