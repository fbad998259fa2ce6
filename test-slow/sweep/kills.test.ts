import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { JOURNAL_FILE, readJournal } from "../../evaluate/sweep/index.ts";
import { tinyText } from "../../test/cli/tinyModel.ts";
import { childrenOf, isRunning, startSweep, timelessRows, tinySweep } from "./sweepProcess.ts";

const KILLS = 120;

const TRIALS = 97;
/** The next kill comes after at most so many more trials, or within the milliseconds that a start takes. */
const TRIALS_MAX = 20;
const START_MS = 1000;

/** The last `k/97` of a progress log. */
const reportedIn = (err: string) => Math.max(0, ...[...err.matchAll(/^(\d+)\/97 /gm)].map(([, done]) => Number(done)));

const rowsIn = async (out: string) => (await readJournal(out).catch(() => null))?.rows.size ?? 0;

describe("a sweep under kill -9", function () {
  this.timeout(1_200_000);
  let folder: string;
  before(function () {
    if (process.platform !== "linux") {
      console.log("      skipped: finds the worker processes in /proc");
      return this.skip();
    }
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-kills-"));
  });
  after(() => folder && rmSync(folder, { recursive: true, force: true }));

  it(`of coordinator or worker at ${KILLS} random moments loses and doubles no row and ends bit-equal to an undisturbed one`, async () => {
    const words = tinySweep(folder);
    // Some 30 ms a trial: a kill at random hits quantization, evaluation and writing.
    writeFileSync(join(folder, "text.txt"), tinyText(50_000));
    const whole = join(folder, "whole");
    assert.equal(await startSweep([...words, "--out", whole]).closed, 0);
    const expected = await timelessRows(whole);
    assert.equal(expected.length, TRIALS);

    const counts = { coordinator: 0, worker: 0, torn: 0, sweeps: 0, starts: 0 };
    for (let round = 0; counts.coordinator + counts.worker < KILLS; round++) {
      const out = join(folder, `round-${round}`);
      const jobs = 1 + (round % 3);
      const log: string[] = [];
      counts.sweeps++;
      let finished = false;
      while (!finished) {
        counts.starts++;
        const { child, err, closed } = startSweep([...words, "--out", out, "--jobs", `${jobs}`, "--threads", "1"]);
        const before = await rowsIn(out);
        const killed: string[] = [];
        const workers = new Set<number>();
        // Killed while it starts now and then, else amid trials; not when no trial is left.
        while (child.exitCode === null && child.signalCode === null && before < TRIALS) {
          const trials = Math.max(before, reportedIn(err())) + Math.floor(Math.random() * TRIALS_MAX);
          const amid = async () => {
            while (child.exitCode === null && reportedIn(err()) <= trials) await sleep(5);
            await sleep(Math.random() * 50);
          };
          await Promise.race([closed, Math.random() < 0.15 ? sleep(Math.random() * START_MS) : amid()]);
          if (child.exitCode !== null) break;
          for (const pid of childrenOf(child.pid!)) workers.add(pid);
          const victims = [child.pid!, ...childrenOf(child.pid!)];
          const victim = victims[Math.floor(Math.random() * victims.length)]!;
          process.kill(victim, "SIGKILL");
          const role = victim === child.pid ? "coordinator" : "worker";
          counts[role]++;
          killed.push(`${role} at ${reportedIn(err())}`);
          if (victim === child.pid) await closed;
        }
        const end = await closed;
        finished = end === 0;
        // A trial whose worker was killed three times counts as failed until the next start.
        assert.ok(finished || end === "SIGKILL" || /its worker process died 3 times/.test(err()), `${end}: ${err()}`);
        for (let waited = 0; [...workers].some(isRunning); waited += 50) {
          assert.ok(waited < 20_000, "workers outlive their coordinator");
          await sleep(50);
        }
        // What was reported is on disk.
        const reported = reportedIn(err()) - (err().match(/^warning: .* failed: /gm)?.length ?? 0);
        const content = await readJournal(out).catch(() => null);
        const rows = content?.rows.size ?? 0;
        assert.ok(rows >= reported, `${reported} reported, ${rows} on disk`);
        if (content?.warnings.some((warning) => warning.includes("torn"))) counts.torn++;
        assert.equal(content?.corrupt ?? 0, 0);
        if (killed.length > 0) log.push(`${killed.join(", ")} (${reported} reported, ${rows} on disk)`);
      }
      const keys = readFileSync(join(out, JOURNAL_FILE), "utf8").trimEnd().split("\n").slice(1);
      assert.equal(new Set(keys.map((line) => JSON.parse(line).key)).size, TRIALS);
      assert.equal(keys.length, TRIALS);
      assert.deepEqual(await timelessRows(out), expected);
      console.log(`      sweep ${round + 1}, ${jobs} jobs, killed: ${log.join("; ")}: bit-equal`);
    }
    const { coordinator, worker, torn, sweeps, starts } = counts;
    console.log(
      `      ${coordinator + worker} kills (${coordinator} of the coordinator, ${worker} of a worker) in ${starts} starts of ${sweeps} sweeps; ${torn} torn tails`,
    );
    assert.ok(coordinator > 10 && worker > 10);
  });
});
