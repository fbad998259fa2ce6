import assert from "node:assert/strict";
import { keyTrials, planTrials, type SweepConfig } from "../../../evaluate/sweep/index.ts";

const config: SweepConfig = {
  models: ["reference"],
  formats: ["a@g32", "b@g32"],
  groups: [32],
  methods: ["rtn"],
  activations: ["fp32"],
  kvCaches: ["fp32"],
  tasks: ["perplexity:one.txt", "perplexity:copy-of-one.txt", "perplexity:two.txt"],
  context: 256,
  limitWindows: null,
  heads: ["fp"],
  calibration: null,
  calibrationWindows: 128,
  seeds: [0],
  include: [],
  exclude: [],
};
const specs = planTrials(config, { isElement: () => false, canonical: (id) => id });
const facts = ({ task }: { task: string }) => ({
  modelSha256: "m",
  configSha256: "c",
  tokenizerSha256: "t",
  textSha256: task.includes("one") ? "1" : "2",
});
const content = (format: string) => (format === "fp32" ? null : { values: [format.length, format.charCodeAt(0)] });

describe("keyTrials", () => {
  it("points every trial at the key of its own task's baseline, which comes before it", () => {
    const plan = keyTrials(specs, facts, content);
    const seen = new Map<string, string>();
    for (const { key, baseline, spec } of plan) {
      if (baseline === null) assert.equal(spec.format, "fp32");
      else assert.equal(seen.get(baseline), spec.task);
      seen.set(key, spec.task);
    }
  });

  it("runs one text under two names once", () => {
    const plan = keyTrials(specs, facts, content);
    assert.deepEqual(
      plan.map(({ spec }) => `${spec.task} ${spec.format}`),
      ["fp32", "a@g32", "b@g32"].flatMap((id) => ["one", "two"].map((text) => `perplexity:${text}.txt ${id}`)),
    );
  });

  it("runs two formats of one content once", () => {
    const plan = keyTrials(specs, facts, (format) => (format === "fp32" ? null : { values: [1] }));
    assert.equal(plan.length, 4);
  });
});
