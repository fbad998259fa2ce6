import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  keyTrials,
  openJournal,
  type PreparedSweep,
  planTrials,
  readJournal,
  readManifest,
  type SweepConfig,
  sweepInto,
} from "../../../evaluate/sweep/index.ts";
import { rowOf } from "./rows.ts";

const config: SweepConfig = {
  models: ["reference"],
  formats: ["a@g32", "b@g32", "c@g32"],
  groups: [32],
  methods: ["rtn"],
  activations: ["fp32"],
  kvCaches: ["fp32"],
  tasks: ["perplexity:one.txt"],
  context: 256,
  limitWindows: null,
  heads: ["fp"],
  calibration: null,
  calibrationWindows: 128,
  seeds: [0],
  include: [],
  exclude: [],
};

describe("sweepInto", () => {
  let folder: string;
  let err: string;
  let released: number;
  let ran: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-sweep-"));
    [err, released, ran] = ["", 0, []];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const stream = { write: (text: string) => (err += text) };
  const facts = { modelSha256: "m", configSha256: "c", tokenizerSha256: "t", textSha256: "x" };
  const prepare =
    (fail: (format: string) => boolean = () => false) =>
    async (config: SweepConfig): Promise<PreparedSweep> => {
      const specs = planTrials(config, { isElement: () => false, canonical: (id) => id });
      return {
        plan: keyTrials(
          specs,
          () => facts,
          (format) => (format === "fp32" ? null : format),
        ),
        async runTrial({ key, spec }) {
          if (fail(spec.format)) throw new Error("out of luck");
          ran.push(spec.format);
          return rowOf(key, { format: spec.format });
        },
        versions: { bitfrontier: "0.1.0" },
        profiles: () => [],
        codebooks: [],
        countOf: () => 1,
        async rest() {
          released++;
        },
      };
    };

  it("leaves journal and manifest, and a second run has nothing to do", async () => {
    const first = await sweepInto(folder, config, prepare(), { command: "bitfrontier sweep", stream });
    assert.deepEqual([first.ran, first.skipped, first.rows.length], [4, 0, 4]);
    assert.equal(readManifest(folder).command, "bitfrontier sweep");
    assert.equal((await readJournal(folder)).rows.size, 4);
    assert.match(err, /^1\/4 {2}fp32 {2}0:00 \+ 0:00\n(.*\n){3}$/);
    const second = await sweepInto(folder, config, prepare(), { command: "again", stream });
    assert.deepEqual([second.ran, second.skipped, second.rows.length], [0, 4, 4]);
    assert.deepEqual([ran.length, released], [4, 2]);
  });

  it("interrupted at any trial and resumed, it ends with the rows of an uninterrupted run", async () => {
    const whole = (await sweepInto(folder, config, prepare(), { command: "x", stream })).rows;
    for (let after = 1; after < 4; after++) {
      rmSync(folder, { recursive: true });
      const stop = new AbortController();
      let left = after;
      const stopping = async (config: SweepConfig): Promise<PreparedSweep> => {
        const prepared = await prepare()(config);
        return {
          ...prepared,
          runTrial: async (trial) => {
            if (--left === 0) stop.abort();
            return prepared.runTrial(trial);
          },
        };
      };
      const first = await sweepInto(folder, config, stopping, { command: "x", stream, signal: stop.signal });
      assert.deepEqual([first.interrupted, first.ran], [true, after]);
      const second = await sweepInto(folder, config, prepare(), { command: "x", stream });
      assert.deepEqual([second.ran, second.rows], [4 - after, whole]);
    }
  });

  it("says which trial failed and goes on", async () => {
    const outcome = await sweepInto(
      folder,
      config,
      prepare((format) => format === "b@g32"),
      { command: "x", stream },
    );
    assert.deepEqual([outcome.ran, outcome.failures.length], [3, 1]);
    assert.match(err, /^warning: b@g32 on perplexity:one\.txt failed: out of luck$/m);
  });

  it("refuses a folder in use before it prepares anything, and frees the folder when preparing fails", async () => {
    const journal = await openJournal(folder);
    const never = () => Promise.reject(new Error("was prepared"));
    await assert.rejects(sweepInto(folder, config, never, { command: "x", stream }), { name: "UserError" });
    await journal.close();
    await assert.rejects(sweepInto(folder, config, never, { command: "x", stream }), /was prepared/);
    assert.equal((await sweepInto(folder, config, prepare(), { command: "x", stream })).ran, 4);
  });
});
