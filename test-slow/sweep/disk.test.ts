import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSweep, timelessRows, tinySweep } from "./sweepProcess.ts";

describe("a sweep on a disk", function () {
  this.timeout(300_000);
  let folder: string;
  let disk: string;
  let words: string[];
  const mount = (options: string) => spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]).status === 0;
  const remount = (options: string) => assert.equal(spawnSync("mount", ["-o", `remount,${options}`, disk]).status, 0);
  before(async function () {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-disk-"));
    disk = join(folder, "disk");
    mkdirSync(disk);
    if (process.platform !== "linux" || !mount("size=96k")) {
      console.log("      skipped: mounts file systems, which needs root on Linux");
      rmSync(folder, { recursive: true });
      return this.skip();
    }
    words = tinySweep(folder);
  });
  after(() => {
    spawnSync("umount", [disk]);
    rmSync(folder, { recursive: true, force: true });
  });

  for (const jobs of ["1", "2"])
    it(`that is full says so, keeps what it has, and goes on when there is room (${jobs} jobs)`, async () => {
      const out = join(disk, `out${jobs}`);
      assert.equal(await startSweep([...words, "--out", join(folder, "whole")]).closed, 0);
      const full = startSweep([...words, "--out", out, "--jobs", jobs]);
      assert.equal(await full.closed, 1);
      assert.match(full.err(), /^bitfrontier: cannot write .*journal\.jsonl: no space left on the device \(ENOSPC\)$/m);
      const reported = Math.max(...[...full.err().matchAll(/^(\d+)\/97 /gm)].map(([, done]) => Number(done)));
      assert.ok(reported > 0 && reported < 97, `${reported} reported`);
      assert.equal(existsSync(join(out, "journal.lock")), false);
      assert.equal((await timelessRows(out)).filter((row) => row !== "{}").length, reported);
      remount("size=64m");
      const more = startSweep([...words, "--out", out, "--jobs", jobs]);
      assert.equal(await more.closed, 0, more.err());
      assert.doesNotMatch(more.err(), /torn|damaged/);
      assert.deepEqual(await timelessRows(out), await timelessRows(join(folder, "whole")));
      rmSync(out, { recursive: true });
      remount("size=96k");
    });

  it("that is read-only says so before anything is computed, and --dry-run does without writing", async () => {
    remount("ro");
    const refused = startSweep([...words, "--out", join(disk, "out")]);
    assert.equal(await refused.closed, 1);
    assert.match(
      refused.err(),
      /^bitfrontier: cannot write to folder .*out: the file system is read-only \(EROFS\)\n$/,
    );
    assert.equal(await startSweep([...words, "--out", join(disk, "out"), "--dry-run"]).closed, 0);
    remount("rw");
  });
});
