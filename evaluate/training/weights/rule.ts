import type { LowRankSum } from "./lowRankSums.ts";
import type { ScaleNorm } from "./normScales.ts";

/** How one weight matrix becomes few-bit numbers in training, and how gradients pass back: plain data, read by a recipe. */
export interface WeightRule {
  /** What is trained in the weights' place: they themselves, or a product of two thin matrices added to frozen ones. */
  readonly latent: "full" | LowRank;
  /**
   * Where a group's scale comes from. `format`: the format's own rule, refitted at each step and taken for a constant.
   * `through`: the same, but differentiated through the group's extremes (BitDistiller). `learned`: a parameter of each
   * group that begins as the format's rule has it, with LSQ's gradient. `learned-clip`: the same with s = σ(γ)·s of the
   * format's rule and γ trained (OmniQuant's LWC, ZeroQAT).
   */
  readonly scale: "format" | "through" | "learned" | "learned-clip";
  /**
   * What passes of a gradient at a rounded weight. `identity`: all. `clipped`: where the weight lies within its levels' reach.
   * A number: where |w| is below it, whatever the scale (LLM-QAT 2, Teacher Intervention 2.5).
   */
  readonly straightThrough: "identity" | "clipped" | number;
  /** Half-width in scales within which a weight is in reach; that of the levels when absent (SEQ: 0.99). */
  readonly reach?: number;
  /** Where learned scales begin: at the least L_p error in place of the format's rule (LR-QAT). */
  readonly scaleNorm?: ScaleNorm;
  /** A learned offset for each group (LSQ+, L4Q). */
  readonly offset?: true;
  /** Levels of the codebook are trained too, one set for each matrix. */
  readonly levels?: "learned";
}

/** W₀ + (alpha/rank)·A·B for `weights`; for `levels`, A·B is added to W₀/s, in units of the scale (LR-QAT). */
export interface LowRank {
  readonly rank: number;
  readonly alpha: number;
  readonly in: "weights" | "levels";
  /** W₀/s is kept in eight bits of fixed point, in place of float32 (LR-QAT's downcast). */
  readonly frozen?: "fixed-point";
}

/** One weight matrix in training. Arrays named in `parameters` are what an optimizer updates in place. */
export interface FakeQuant {
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** Writes the quantized weights [rows, cols] that follow from the parameters. */
  forward(out: Float32Array): void;
  /** The sum that must be up to date before `forward`, where a low-rank product trains. */
  readonly sum?: LowRankSum;
  /**
   * Writes the gradients of the parameters, given that of the quantized weights, which may be written over. `out` is what
   * `forward` wrote last, from parameters that have not changed since.
   */
  backward(gradient: Float32Array, out: Float32Array, into: ReadonlyMap<string, Float32Array>): void;
  /** Whether `forward` rounds from now on: see `pausableGrid`. */
  rounds(on: boolean): void;
  /** Bits stored for the matrix beside the format's. */
  readonly extraBits: number;
}

/** Maps weights to quantized ones: the part of a FakeQuant that knows the format. */
export interface TrainedGrid {
  readonly parameters: ReadonlyMap<string, Float32Array>;
  /** Begins learned scales anew at these weights. */
  readonly refit?: ((latent: Float32Array) => void) | undefined;
  forward(latent: Float32Array, out: Float32Array): void;
  /** Writes the gradient of the latent weights into `dLatent`, which may be `gradient`, those of `parameters` into `into`. */
  backward(
    latent: Float32Array,
    out: Float32Array,
    gradient: Float32Array,
    dLatent: Float32Array,
    into: ReadonlyMap<string, Float32Array>,
  ): void;
  readonly extraBits: number;
}
