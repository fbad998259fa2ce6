import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli } from "./io.ts";
import { writeTinyModel } from "./tinyModel.ts";

describe("bitfrontier fit, predictions and the paper's networks", () => {
  let folder: string;
  let cache: string | undefined;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-fit-"));
    writeTinyModel(join(folder, "tiny"));
    cache = process.env.HF_HUB_CACHE;
    process.env.HF_HUB_CACHE = join(folder, "hub");
  });
  after(() => {
    if (cache === undefined) delete process.env.HF_HUB_CACHE;
    else process.env.HF_HUB_CACHE = cache;
    rmSync(folder, { recursive: true, force: true });
  });

  it("predicts the error of each format asked for, and tells on stderr what it has read", async () => {
    const { code, out, err } = await cli("fit", join(folder, "tiny"), "--format", "nf4@g32,sf4@g64", "--json");
    assert.equal(code, 0);
    assert.match(err, /^1\/15 {2}.*\n2\/15 {2}/);
    const fits = JSON.parse(out);
    for (const { shape, predictions } of fits) {
      assert.deepEqual(
        predictions.map(({ format }: { format: string }) => format),
        ["nf4@g32", "sf4@g64"],
      );
      assert.ok(predictions[0].relativeMse > 0.004 && predictions[0].relativeMse < 0.02);
      if (shape[1] === 32) assert.match(predictions[1].reason, /group 64 is larger than the row of 32/);
    }
    const table = (await cli("fit", join(folder, "tiny"), "--format", "sf4@g64", "--by", "row")).out;
    assert.match(table, /shared ν +shared verdict +σ ln scale +sf4@g64\n/);
    assert.match(table, /\nno prediction for sf4@g64: group 64 is larger than the row of 32\n$/);
  });

  it("--paper lists all 29 networks, fits the one that is in the Hub cache and says why not the others", async () => {
    const commit = "0123456789abcdef0123456789abcdef01234567";
    const repository = join(folder, "hub", "models--openai-community--gpt2");
    mkdirSync(join(repository, "refs"), { recursive: true });
    writeFileSync(join(repository, "refs", "main"), commit);
    cpSync(join(folder, "tiny"), join(repository, "snapshots", commit), { recursive: true });
    const { code, out } = await cli("fit", "--paper", "--json");
    assert.equal(code, 0);
    const rows = JSON.parse(out);
    assert.equal(rows.length, 29);
    // Table 1 of the paper; the embedding of the stand-in is no layer.
    assert.deepEqual([rows[0].network, rows[0].weights.nu, rows[0].weights.ksDelta], ["GPT2", 2.04, 0.086]);
    assert.equal(rows[0].found.layers, 14);
    assert.equal(rows[1].found, null);
    assert.match(rows[1].reason, /facebook\/opt-1\.3b.*not in the Hub cache/);
    assert.deepEqual(rows[25], { ...rows[25], network: "RegNet", hubId: null, reason: "the variant is not stated" });
    const table = (await cli("fit", "--paper")).out;
    assert.match(table, /28 of 29 could not be read/);
    assert.match(table, /BLOOM-560M and Falcon-7B have the same row: one of them is a copy/);
  });

  it("a usage error where both or neither of MODEL and --paper are given", async () => {
    for (const words of [["fit"], ["fit", "reference", "--paper"]]) {
      const { code, err } = await cli(...words);
      assert.equal(code, 2);
      assert.match(err, /MODEL/);
    }
  });
});
