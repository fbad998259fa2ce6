import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { prepareSweep } from "../../../../evaluate/prepare.ts";
import { workerPool } from "../../../../evaluate/sweep/executors/workerPool.ts";
import {
  defaultConfig,
  inProcess,
  type RowStore,
  runSweep,
  type SweepConfig,
} from "../../../../evaluate/sweep/index.ts";
import type { Row } from "../../../../evaluate/trial/row.ts";
import { tinyText, writeTinyModel } from "../../../cli/tinyModel.ts";

describe("workerPool", function () {
  this.timeout(60_000);
  let folder: string;
  let config: SweepConfig;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-pool-"));
    const text = join(folder, "text.txt");
    writeFileSync(text, tinyText(2000));
    config = {
      ...defaultConfig,
      models: [writeTinyModel(join(folder, "model"))],
      formats: ["sf4", "int4", "e2m1+sr"],
      groups: [8, 16],
      tasks: [`perplexity:${text}`],
      context: 16,
    };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function memory(): RowStore {
    const rows = new Map<string, Row>();
    return { rows, append: async (row) => Boolean(rows.set(row.key, row)) };
  }
  const timeless = (rows: Row[]) => rows.map(({ timing: _, ...row }) => row);

  it("gives the rows of one process", async () => {
    const { plan, runTrial, rest } = await prepareSweep(config);
    const alone = await runSweep({ plan, journal: memory(), executor: inProcess(runTrial) });
    await rest();
    const notes: string[] = [];
    const executor = workerPool({
      count: 2,
      setup: { config, codebooks: [], threads: 1 },
      note: (line) => notes.push(line),
    });
    const pooled = await runSweep({ plan, journal: memory(), executor });
    assert.deepEqual([pooled.ran, pooled.failures, notes], [7, [], []]);
    assert.deepEqual(timeless(pooled.rows), timeless(alone.rows));
  });

  it("ends with the journal's error, and leaves no worker behind, when a row cannot be kept", async () => {
    const { plan, rest } = await prepareSweep(config);
    await rest();
    const journal = memory();
    let appended = 0;
    const full: RowStore = {
      rows: journal.rows,
      append: (row) => (appended++ < 2 ? journal.append(row) : Promise.reject(new Error("disk full"))),
    };
    const executor = workerPool({ count: 2, setup: { config, codebooks: [], threads: 1 }, note: assert.fail });
    await assert.rejects(runSweep({ plan, journal: full, executor }), /disk full/);
    for (let waited = 0; process.getActiveResourcesInfo().includes("ProcessWrap"); waited += 50) {
      assert.ok(waited < 10_000, "a worker lives on");
      await sleep(50);
    }
  });

  it("refuses to go on when a file changed between the plan and the worker's", async () => {
    const { plan, rest } = await prepareSweep(config);
    await rest();
    writeFileSync(join(folder, "text.txt"), tinyText(1500));
    const executor = workerPool({ count: 1, setup: { config, codebooks: [] }, note: () => {} });
    await assert.rejects(runSweep({ plan, journal: memory(), executor }), {
      name: "UserError",
      message: /^trial [0-9a-f]{12} is not in the plan of process \d+: a model file, a text or this program changed/,
    });
  });

  it("passes on what stands in a worker's way", async () => {
    const { plan, rest } = await prepareSweep(config);
    await rest();
    rmSync(join(folder, "text.txt"));
    const executor = workerPool({ count: 1, setup: { config, codebooks: [] }, note: () => {} });
    await assert.rejects(runSweep({ plan, journal: memory(), executor }), {
      name: "UserError",
      message: /text\.txt: cannot be read: no such file or folder \(ENOENT\)/,
    });
  });
});
