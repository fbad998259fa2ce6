import { defaultSweepElements } from "../../formats/index.ts";
import type { SweepConfig } from "./config.ts";

/** What `bitfrontier sweep` runs without a config: every default format at two group sizes on the embedded model. */
export const defaultConfig: Readonly<SweepConfig> = {
  model: "reference",
  formats: [...defaultSweepElements],
  groups: [32, 128],
  methods: ["rtn"],
  tasks: ["perplexity:reference"],
  context: null,
  limitWindows: null,
  scope: "linears",
  seed: 0,
};
