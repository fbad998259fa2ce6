import { roundInteger } from "./roundInteger.ts";
import type { Measured, ValuesRule } from "./scaleRules.ts";

/** Rules that look at every value of a group: means, both sides apart, grids with a zero point. */
export const statisticRules = {
  mean: {
    measure: (values, from, to) => ({ scale: meanMagnitude(values, from, to) }),
  },
  rms: {
    measure: (values, from, to) => ({ scale: Math.sqrt(meanSquare(values, from, to)) }),
  },
  mean2: {
    measure: (values, from, to) => ({ scale: 2 * meanMagnitude(values, from, to) }),
  },
  mean43: {
    measure: (values, from, to) => ({ scale: (4 / 3) * meanMagnitude(values, from, to) }),
  },
  "mean-centred": {
    measure: (values, from, to) => centred(values, from, to, 1),
  },
  "mean43-centred": {
    measure: (values, from, to) => centred(values, from, to, 4 / 3),
  },
  twn: {
    measure(values, from, to) {
      const delta = 0.7 * meanMagnitude(values, from, to);
      let [sum, count] = [0, 0];
      for (let i = from; i < to; i++) {
        const magnitude = Math.abs(values[i]!);
        // As a factor: a branch would go either way at random.
        const above = Number(magnitude > delta);
        sum += above * magnitude;
        count += above;
      }
      return { scale: sum / count, divisor: 2 * delta };
    },
  },
  llmqat: {
    measure(values, from, to, { low, high }) {
      const { min, max } = extremes(values, from, to);
      const inverse = Math.max(low, high) / (Math.max(-min, max) + 1e-6);
      return { scale: 1 / (inverse + 1e-6), divisor: 1 / inverse };
    },
  },
  twosided: {
    extra: "scale",
    measure(values, from, to, { low, high }) {
      const { min, max } = extremes(values, from, to);
      const upper = Math.max(0, max) / high;
      const lower = Math.max(0, -min) / low;
      return { scale: upper || lower, lower: lower || upper };
    },
  },
  affine: {
    extra: "scale",
    measure(values, from, to, { low, high }) {
      const { min, max } = extremes(values, from, to);
      return { scale: (max - min) / (high + low), offset: (stored) => min + stored * low };
    },
  },
  zeropoint: {
    extra: "code",
    integers: true,
    measure(values, from, to, { low, high }) {
      const { min, max } = extremes(values, from, to);
      const [bottom, top] = [Math.min(min, 0), Math.max(max, 0)];
      return {
        scale: (top - bottom) / (high + low),
        zeroPoint: (stored) => Math.min(high, Math.max(-low, roundInteger(-bottom / stored, "even") - low)),
      };
    },
  },
  minmax: {
    extra: "code",
    integers: true,
    measure(values, from, to, { low, high }) {
      const { min, max } = extremes(values, from, to);
      return {
        scale: Math.max(max - min, 1e-5) / (high + low),
        zeroPoint: (stored) => Math.min(high, Math.max(-low, -roundInteger(min / stored, "away") - low)),
      };
    },
  },
} satisfies Record<string, ValuesRule>;

function meanMagnitude(values: ArrayLike<number>, from: number, to: number, shift = 0): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += Math.abs(values[i]! - shift);
  return sum / (to - from);
}

function meanSquare(values: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]! * values[i]!;
  return sum / (to - from);
}

function centred(values: ArrayLike<number>, from: number, to: number, factor: number): Measured {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  const shift = sum / (to - from);
  return { scale: factor * meanMagnitude(values, from, to, shift), shift };
}

/** Smallest and largest value, 0 not included. */
function extremes(values: ArrayLike<number>, from: number, to: number): { min: number; max: number } {
  let [min, max] = [values[from]!, values[from]!];
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (value > max) max = value;
    if (value < min) min = value;
  }
  return { min, max };
}

export const aboutStatisticRules: Readonly<Record<keyof typeof statisticRules, string>> = {
  mean: "s = mean|x| (BitNet b1.58, binary networks, LLM-QAT's one bit)",
  rms: "s = √mean x²: for codebooks in units of the standard deviation (Lloyd–Max; HIGGS, TurboQuant)",
  mean2: "s = 2 mean|x| (LLM-QAT's two bits)",
  mean43: "s = 4/3 mean|x| (the code of Ternary Binary Transformers)",
  "mean-centred":
    "s = mean|x − µ|, x − µ is rounded and µ not given back (Ternary Binary Transformers, the paper's one bit)",
  "mean43-centred":
    "s = 4/3 mean|x − µ|, x − µ is rounded and µ not given back (Ternary Binary Transformers, the paper's ternary)",
  twn: "values above ∆ = 0.7 mean|x| become ±s, s = their mean magnitude (Ternary Weight Networks)",
  llmqat: "x is divided by (max|x| + 1e-6)/max|c| and multiplied by 1/(max|c|/(max|x| + 1e-6) + 1e-6) (LLM-QAT's code)",
  twosided: "two scales: max(x)/max(c) for the levels above zero, min(x)/min(c) for those below (BitDistiller N2F3)",
  affine: "x ≈ level·s + b with s = (max x − min x)/(max c − min c) and b stored as the scale is (ggml Q4_1, any4)",
  zeropoint:
    "x ≈ (level − z)·s: s = (max(x, 0) − min(x, 0))/(max c − min c), z an integer (llm-datatypes asym, GPTQ, AWQ)",
  minmax:
    "as zeropoint, but 0 need not lie in the grid's range and max − min is at least 1e-5 (BitDistiller's asymmetric integers)",
};
