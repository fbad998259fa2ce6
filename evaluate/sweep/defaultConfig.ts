import { defaultSweepElements } from "../../formats/index.ts";
import type { SweepConfig } from "./config.ts";

/** What `bitfrontier sweep` runs without a config: every default format at two group sizes on the embedded model. */
export const defaultConfig: Readonly<SweepConfig> = {
  models: ["reference"],
  formats: [...defaultSweepElements],
  groups: [32, 128],
  methods: ["rtn"],
  activations: ["fp32"],
  kvCaches: ["fp32"],
  heads: ["fp"],
  tasks: ["perplexity:reference"],
  seeds: [0],
  include: [],
  exclude: [],
  context: null,
  // A third of the held-out text: paired differences are resolved far below their size, in a third of the time.
  limitWindows: 256,
  calibration: null,
  calibrationWindows: 128,
};
