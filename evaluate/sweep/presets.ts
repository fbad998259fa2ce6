import { UserError } from "../../formats/error.ts";
import type { SweepConfig } from "./config.ts";
import { defaultConfig } from "./defaultConfig.ts";
import { didYouMean } from "./didYouMean.ts";

export interface Preset {
  summary: string;
  /** What it says otherwise than the default config. */
  config: Partial<SweepConfig>;
}

/** The 4-bit formats of the paper's tables (Dotzel et al. 2024, Table 3 and 8). */
const PAPER_FORMATS = [
  ...["int4", "nf4", "sf4"],
  ...["e2m1-i", "e2m1-b", "e2m1", "e2m1+sr", "e2m1+sp", "e3m0"],
  ...["apot4", "apot4+sp"],
];

/** Sweeps by name: what `--preset` and a file's `preset` start from. */
export const presets = {
  quick: {
    summary: "seven formats in seconds: a look at a model, not a result",
    config: {
      formats: ["int4", "nf4", "sf4", "e2m1", "e2m1+sr", "e2m1+sp", "apot4"],
      groups: [128],
      limitWindows: 64,
    },
  },
  "paper-w4": {
    summary:
      "the paper's weight-only 4-bit formats, group 128: rounded, with the weight-MSE clip, and GPTQ (Tables 3 and 6)",
    config: { formats: PAPER_FORMATS, groups: [128], methods: ["rtn", "clip", "gptq"], limitWindows: null },
  },
  "paper-w4a4": {
    summary: "the same with activations in the weights' format, with and without SmoothQuant (Table 8)",
    config: {
      formats: PAPER_FORMATS,
      groups: [128],
      methods: ["rtn", "smoothquant"],
      activations: ["same"],
      limitWindows: null,
    },
  },
  deep: {
    summary: "every default format, four groups, five methods, all windows: hours on a model of any size",
    config: {
      groups: [32, 64, 128, "row"],
      methods: ["rtn", "clip", "gptq", "awq+clip", "awq+clip+gptq"],
      limitWindows: null,
    },
  },
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
export const presetNames = Object.keys(presets) as PresetName[];

/** The whole config of a preset. Throws UserError naming the nearest for an unknown one. */
export function presetConfig(name: string, source = "--preset"): SweepConfig {
  if (!Object.hasOwn(presets, name))
    throw new UserError(
      `${source}: "${name}" is no preset${didYouMean(name, presetNames)}; known are ${presetNames.join(", ")}`,
    );
  return { ...defaultConfig, ...structuredClone(presets[name as PresetName].config) };
}
