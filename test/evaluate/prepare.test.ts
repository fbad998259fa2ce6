import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareSweep } from "../../evaluate/prepare.ts";
import type { Row } from "../../evaluate/row.ts";
import { defaultConfig } from "../../evaluate/sweep/index.ts";
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
});
