import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shardReader } from "../../evaluate/sweep/executors/shards.ts";
import { JOURNAL_FILE } from "../../evaluate/sweep/index.ts";
import { tinyText } from "../../test/cli/tinyModel.ts";
import { noSlurm, type SlurmCluster, startSlurm } from "./slurmCluster.ts";
import { type Running, startSweep, timelessRows, tinySweep } from "./sweepProcess.ts";

const say = (line: string) => console.log(`      ${line.trimEnd().replaceAll("\n", "\n      ")}`);

describe("sweep --executor slurm, on a real Slurm of this machine", function () {
  this.timeout(600_000);
  let folder: string;
  let cluster: SlurmCluster | undefined;
  let words: string[];
  let expected: string[];
  before(async function () {
    const reason = noSlurm();
    if (reason !== null) {
      console.log(`      skipped: ${reason}`);
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-slurm-sweep-"));
    words = tinySweep(folder);
    // Long enough for something to be killed in the middle.
    writeFileSync(join(folder, "text.txt"), tinyText(1_000_000));
    assert.equal(await startSweep([...words, "--out", join(folder, "whole")]).closed, 0);
    expected = await timelessRows(join(folder, "whole"));
    cluster = await startSlurm(3);
    say(cluster.command("sinfo", "-N"));
  });
  after(() => {
    cluster?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const start = (out: string, ...more: string[]): Running =>
    startSweep([...words, "--executor", "slurm", "--jobs", "3", ...more, "--out", join(folder, out)], cluster!.env);
  const told = async ({ err, closed }: Running, pattern: RegExp) => {
    let ended = false;
    void closed.then(() => {
      ended = true;
    });
    while (!pattern.test(err())) {
      assert.ok(!ended, `ended without ${pattern}: ${err()}`);
      await sleep(50);
    }
  };
  /** Waits until the tasks of a job have written some rows, collected or not. */
  const amid = async (out: string, { err, closed }: Running) => {
    let ended = false;
    void closed.then(() => {
      ended = true;
    });
    const read = shardReader(join(folder, out, "slurm"));
    for (let rows = 0; rows < 9; await sleep(50)) {
      assert.ok(!ended, `ended before: ${err()}`);
      rows = (await read()).reduce((sum, shard) => sum + shard.rows.size, 0);
    }
  };
  const notes = (err: string) => err.replaceAll(/^\d+\/\d+ .*\n/gm, "");
  const assertWhole = async (out: string) => {
    assert.deepEqual(await timelessRows(join(folder, out)), expected);
    const lines = readFileSync(join(folder, out, JOURNAL_FILE), "utf8")
      .trimEnd()
      .split("\n");
    assert.equal(lines.length, 1 + expected.length, "each row once");
  };

  it("ends bit-equal to a sweep in one process", async () => {
    const run = start("plain");
    assert.equal(await run.closed, 0, run.err());
    say(notes(run.err()));
    assert.match(run.err(), /slurm: job \d+: 97 trials in 3 tasks\n/);
    await assertWhole("plain");
    const left = readdirSync(join(folder, "plain", "slurm")).filter((name) => !/\.(log|json)$/.test(name));
    assert.deepEqual(left, [], "shards are gone once their rows are collected");
  });

  it("survives the death of a node: what it had finished is kept, the rest runs elsewhere", async () => {
    const run = start("node");
    await amid("node", run);
    const queue = () => cluster!.command("squeue", "--array", "--noheader", "--format=%i %T %N %r");
    say(`before:\n${queue()}`);
    say(`killed n2, ${cluster!.killNode("n2")} processes`);
    let last = "";
    const watching = setInterval(() => {
      const now = `${cluster!.command("sinfo", "-h", "-N", "-n", "n2")}\n${queue()}`;
      if (now !== last) say(`${new Date().toISOString()} ${now}`);
      last = now;
    }, 2000);
    const code = await run.closed;
    clearInterval(watching);
    say(notes(run.err()));
    say(cluster!.command("sinfo", "-N"));
    assert.equal(code, 0, run.err());
    await assertWhole("node");
    assert.match(run.err(), /slurm: tasks wait: BeginTime\n/);
    assert.match(cluster!.command("sinfo", "-h", "-N", "-n", "n2", "-o", "%T"), /down/);
    cluster!.startNode("n2");
  });

  it("killed and started again, finds its running job and submits nothing twice", async () => {
    const first = start("again");
    await amid("again", first);
    first.child.kill("SIGKILL");
    assert.equal(await first.closed, "SIGKILL");
    // Stopped until the second start has found it, however long that takes.
    const job = /slurm: job (\d+)/.exec(first.err())![1]!;
    cluster!.command("scontrol", "suspend", job);
    const second = start("again");
    await told(second, /watching them/);
    for (const task of [0, 1, 2]) {
      try {
        cluster!.command("scontrol", "resume", `${job}_${task}`);
      } catch {
        // This one had finished before it could be suspended.
      }
    }
    assert.equal(await second.closed, 0, second.err());
    say(notes(first.err()) + notes(second.err()));
    assert.match(second.err(), /slurm: \d tasks of an earlier run are still there; watching them\n/);
    assert.doesNotMatch(second.err(), /slurm: job/);
    await assertWhole("again");
  });

  it("puts the trials of a cancelled task into another job", async () => {
    const run = start("cancel");
    await amid("cancel", run);
    const job = /slurm: job (\d+)/.exec(run.err())![1]!;
    cluster!.command("scancel", `${job}_1`);
    assert.equal(await run.closed, 0, run.err());
    say(notes(run.err()));
    assert.match(run.err(), /slurm: \d+ trials were lost with their tasks; they go into another job\n/);
    await assertWhole("cancel");
  });

  it("waits for a controller that is away", async () => {
    const run = start("controller");
    await amid("controller", run);
    cluster!.stopController();
    await told(run, /squeue gets no answer/);
    cluster!.startController();
    assert.equal(await run.closed, 0, run.err());
    say(notes(run.err()));
    await assertWhole("controller");
  });

  it("ends with sbatch's own words when it refuses, and by Ctrl-C leaves the jobs to a later run", async () => {
    const refused = start("refused", "--slurm=--partition=nowhere");
    assert.equal(await refused.closed, 1);
    assert.match(refused.err(), /^bitfrontier: sbatch: error: .*[Ii]nvalid partition.*\n$/m);
    const run = start("refused");
    await amid("refused", run);
    run.child.kill("SIGINT");
    assert.equal(await run.closed, 1);
    assert.match(run.err(), /slurm: the jobs go on; the same command collects them, scancel --name=\S+ ends them\n/);
    assert.equal(await start("refused").closed, 0);
    await assertWhole("refused");
  });
});
