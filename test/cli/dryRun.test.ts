import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

describe("bitfrontier sweep --dry-run", function () {
  this.timeout(60_000);
  let folder: string;
  let words: string[];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-dry-"));
    const [model, text] = [writeTinyModel(join(folder, "model")), join(folder, "text.txt")];
    writeFileSync(text, tinyText(4000));
    const sweep = ["sweep", "--models", model, "--tasks", `perplexity:${text}`, "--context", "16", "--groups", "8,16"];
    words = [...sweep, "--methods", "rtn,hqq", "--out", join(folder, "out")];
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("prints the trials with an estimate from probes, and writes nothing", async () => {
    const { code, out, err } = await cli(...words, "--formats", "sf4,int4", "--dry-run", "--jobs", "2");
    assert.equal(code, 0, err);
    assert.equal(existsSync(join(folder, "out")), false);
    assert.equal(out.match(/ probe of a like trial$/gm)?.length, 9);
    assert.match(out, /^9 trials, 0 done in .*, 9 open$/m);
    assert.match(
      out,
      /^time: \d+:\d\d of .* if 2 processes run at the speed of one \(9 from 3 probes over a few windows, scaled to all;/m,
    );
    assert.match(
      out,
      /^memory: \d\.\d\d GiB, \d\.\d\d GiB for 2 processes \(the most that this process held while it probed\)$/m,
    );
    assert.equal(err, "probing fp32 none\nprobing sf4@g8 rtn\nprobing sf4@g8 hqq\n");
  });

  it("tells what is done, and takes the times of finished rows for like trials", async () => {
    assert.equal((await cli(...words, "--formats", "sf4", "--exclude", "method=hqq")).code, 0);
    const before = readdirSync(join(folder, "out")).sort();
    const { code, out, err } = await cli(...words, "--formats", "sf4,int4", "--exclude", "method=hqq", "--dry-run");
    assert.equal(code, 0, err);
    assert.match(out, /^5 trials, 3 done in .*, 2 open$/m);
    assert.equal(out.match(/ int4@g\d+ .* median of like rows$/gm)?.length, 2);
    assert.match(out, /\(2 from the median of finished rows of like trials;/);
    assert.equal(err, "", "nothing was probed");
    assert.deepEqual(readdirSync(join(folder, "out")).sort(), before);
  });
});
