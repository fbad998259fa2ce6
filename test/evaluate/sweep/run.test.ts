import assert from "node:assert/strict";
import {
  inProcess,
  type PlannedTrial,
  type RowStore,
  runSweep,
  type SweepProgress,
} from "../../../evaluate/sweep/index.ts";
import type { Row } from "../../../evaluate/trial/row.ts";
import { rowOf } from "./rows.ts";

const trial = (key: string, baseline: string | null): PlannedTrial => ({
  key,
  baseline,
  identity: {
    resultVersion: 1,
    modelSha256: "m",
    configSha256: "c",
    tokenizerSha256: "t",
    textSha256: "x",
    formatSha256: "f",
    runningSha256: null,
  },
  spec: {
    model: "reference",
    format: baseline === null ? "fp32" : `sf4@${key}`,
    method: "rtn",
    methodOptions: {},
    scope: "linears",
    task: "perplexity:a",
    context: 8,
    limitWindows: null,
    seed: 0,
  },
});
const plan = [trial("base", null), trial("a", "base"), trial("b", "base"), trial("c", "base")];

function memory(...keys: string[]): RowStore & { order: string[] } {
  const rows = new Map<string, Row>(keys.map((key) => [key, rowOf(key)]));
  const order: string[] = [];
  return {
    rows,
    order,
    async append(row) {
      order.push(row.key);
      rows.set(row.key, row);
      return true;
    },
  };
}

describe("runSweep", () => {
  it("runs the plan in order, compares each row with its baseline's, and journals before it reports", async () => {
    const journal = memory();
    const seen: SweepProgress[] = [];
    const outcome = await runSweep({
      plan,
      journal,
      executor: inProcess(async ({ key }) => rowOf(key, { windowLoss: key === "base" ? [2, 3] : [2.5, 4] })),
      onProgress: (progress) => {
        assert.equal(journal.order.length, progress.done);
        seen.push(progress);
      },
    });
    assert.deepEqual(journal.order, ["base", "a", "b", "c"]);
    // Differences of 0.5 and 1: mean 0.75, standard error 0.25.
    assert.deepEqual(
      outcome.rows.map(({ deltaLoss, deltaLossSigma }) => [deltaLoss, deltaLossSigma]),
      [[0.01, 0.001], ...Array.from({ length: 3 }, () => [0.75, 0.25])],
    );
    assert.deepEqual(
      seen.map(({ done, total }) => `${done}/${total}`),
      ["1/4", "2/4", "3/4", "4/4"],
    );
    assert.deepEqual([outcome.ran, outcome.skipped, outcome.failures.length, outcome.interrupted], [4, 0, 0, false]);
    assert.equal(outcome.rows.length, 4);
  });

  it("skips what the journal has, without running it", async () => {
    const ran: string[] = [];
    const outcome = await runSweep({
      plan,
      journal: memory("base", "b", "of another plan"),
      executor: inProcess(async ({ key }) => {
        ran.push(key);
        return rowOf(key);
      }),
    });
    assert.deepEqual(ran, ["a", "c"]);
    assert.deepEqual([outcome.ran, outcome.skipped], [2, 2]);
    assert.deepEqual(
      outcome.rows.map(({ key }) => key),
      ["base", "a", "b", "c"],
    );
  });

  it("a trial that throws fails alone, leaves no row, and is tried again by the next run", async () => {
    const journal = memory();
    let broken = true;
    const runTrial = async ({ key }: PlannedTrial) => {
      if (broken && key === "a") throw new Error("a is broken");
      return rowOf(key);
    };
    const first = await runSweep({ plan, journal, executor: inProcess(runTrial) });
    assert.deepEqual(journal.order, ["base", "b", "c"]);
    assert.deepEqual(
      first.failures.map(({ spec, error }) => `${spec.format}: ${error.message}`),
      ["sf4@a: a is broken"],
    );
    broken = false;
    const second = await runSweep({ plan, journal, executor: inProcess(runTrial) });
    assert.deepEqual([second.ran, second.skipped, second.failures.length], [1, 3, 0]);
  });

  it("without a baseline its trials are failures, not rows without a difference", async () => {
    const outcome = await runSweep({
      plan,
      journal: memory(),
      executor: inProcess(async () => {
        throw new Error("no");
      }),
    });
    assert.equal(outcome.rows.length, 0);
    assert.match(outcome.failures[3]!.error.message, /baseline did not finish/);
  });

  it("keeps rows that finish before their baseline, and puts them on disk after it", async () => {
    const journal = memory();
    const seen: string[] = [];
    const outcome = await runSweep({
      plan,
      journal,
      executor: async (queue) => {
        const [base, a, b, c] = [queue.next()!, queue.next()!, queue.next()!, queue.next()!];
        for (const trial of [a, b]) await queue.settle(trial, rowOf(trial.key));
        assert.deepEqual(journal.order, []);
        for (const trial of [base, c, a]) await queue.settle(trial, rowOf(trial.key));
      },
      onProgress: ({ done, spec }) => seen.push(`${done} ${spec.format}`),
    });
    assert.deepEqual(journal.order, ["base", "a", "b", "c"]);
    assert.deepEqual(seen, ["1 fp32", "2 sf4@a", "3 sf4@b", "4 sf4@c"]);
    assert.deepEqual([outcome.ran, outcome.failures.length], [4, 0]);
  });

  it("rows whose baseline fails afterwards are failures", async () => {
    const outcome = await runSweep({
      plan: plan.slice(0, 2),
      journal: memory(),
      executor: async (queue) => {
        const [base, a] = [queue.next()!, queue.next()!];
        await queue.settle(a, rowOf("a"));
        await queue.settle(base, new Error("no"));
      },
    });
    assert.deepEqual(
      outcome.failures.map(({ error }) => error.message),
      ["no", "its full-precision baseline did not finish"],
    );
  });

  it("a row with nulls and a reason is a result", async () => {
    const row = rowOf("base", { perplexity: null, perplexitySigma: null, reason: "divergent" });
    const outcome = await runSweep({ plan: plan.slice(0, 1), journal: memory(), executor: inProcess(async () => row) });
    assert.deepEqual([outcome.ran, outcome.failures.length], [1, 0]);
  });

  it("an abort lets the running trial finish, keeps its row, and stops", async () => {
    const journal = memory();
    const stop = new AbortController();
    const outcome = await runSweep({
      plan,
      journal,
      signal: stop.signal,
      executor: inProcess(async ({ key }) => {
        if (key === "a") stop.abort();
        return rowOf(key);
      }),
    });
    assert.deepEqual(journal.order, ["base", "a"]);
    assert.equal(outcome.interrupted, true);
  });

  it("a journal that cannot be written ends the sweep", async () => {
    const journal = memory();
    journal.append = () => Promise.reject(new Error("disk full"));
    await assert.rejects(runSweep({ plan, journal, executor: inProcess(async ({ key }) => rowOf(key)) }), /disk full/);
  });

  it("a row under another trial's key is a failure", async () => {
    const outcome = await runSweep({
      plan: plan.slice(0, 1),
      journal: memory(),
      executor: inProcess(async () => rowOf("zzz")),
    });
    assert.match(outcome.failures[0]!.error.message, /zzz/);
  });
});
