import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareSweep } from "../../evaluate/prepare.ts";
import { defaultConfig } from "../../evaluate/sweep/index.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { tinyText, writeTinyModel } from "../cli/tinyModel.ts";

describe("the trials of a model in one process", () => {
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-prepare-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const [text, calibration] = [join(folder, "text.txt"), join(folder, "calibration.txt")];
  writeFileSync(text, tinyText(2000));
  writeFileSync(calibration, tinyText(3000).slice(2000));
  const config = {
    ...{ ...defaultConfig, models: [writeTinyModel(join(folder, "model"))] },
    ...{ formats: ["int3"], groups: [8], methods: ["rtn", "gptaq", "awq"], activations: ["fp32", "int4@g8"] },
    ...{ tasks: [`kl:${text}`], context: 16, limitWindows: 8, calibration, calibrationWindows: 8 },
  };
  const timeless = ({ timing: _, ...row }: Row) => row;

  it("find the weights and the full-precision model's logits as they were, whatever ran before", async () => {
    const run = async (backwards: boolean) => {
      const { plan, runTrial, rest } = await prepareSweep(config);
      const rows = new Map<string, object>();
      for (const trial of backwards ? plan.toReversed() : plan) rows.set(trial.key, timeless(await runTrial(trial)));
      await rest();
      return plan.map(({ key }) => rows.get(key)!);
    };
    const forwards = await run(false);
    assert.equal(forwards.length, 7);
    assert.deepEqual(await run(true), forwards);
    const [base] = forwards as Row[];
    assert.ok(Math.abs(base!.metrics!.kl!.value!) < 1e-6);
  });

  it("quantize once for all tasks of a plan, to the rows that each would have had by itself", async () => {
    const other = join(folder, "other.txt");
    writeFileSync(other, tinyText(2600).slice(1200));
    const tasks = [`perplexity:${text}`, `perplexity:${other}`, `kl:${text}`];
    const run = async (inTurn: boolean) => {
      const { plan, runTrial, rest } = await prepareSweep({ ...config, tasks });
      const trials = inTurn ? plan : tasks.flatMap((task) => plan.filter(({ spec }) => spec.task === task));
      const rows = new Map<string, Row>();
      for (const trial of trials) rows.set(trial.key, await runTrial(trial));
      await rest();
      return plan.map(({ key }) => rows.get(key)!);
    };
    const [inTurn, apart] = [await run(true), await run(false)];
    assert.deepEqual(inTurn.map(timeless), apart.map(timeless));
    const shares = (rows: Row[]) =>
      rows.filter(({ layers }, i) => layers.length > 0 && layers === rows[i - 1]?.layers).map(({ task }) => task);
    // A divergence needs the full-precision weights once more.
    assert.deepEqual(shares(inTurn), new Array(6).fill(tasks[1]));
    assert.deepEqual(shares(apart), []);
  });
});
