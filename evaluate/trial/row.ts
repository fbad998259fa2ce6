import type { MacCost } from "../../hwmodel/cost.ts";
import type { LayerLog } from "../methods/log.ts";
import type { Metric } from "../tasks/task.ts";
import type { TrainingLog } from "../training/log.ts";

/** What one trial yields. Rows are plain JSON data: they live in a journal and are all a report reads. */
export interface Row {
  /** Hash of everything that determines the result; two rows with one key are the same trial. */
  key: string;
  /** Model name as asked for, and the SHA-256 of its weights. */
  model: string;
  modelSha256: string;
  /** Format id as resolved (`sf4@g128`), or "fp32" for the unquantized baseline. */
  format: string;
  /** Element (codebook) id and label, family for colour and shape (`int`, `float`, `normal`, …). */
  element: string;
  family: string;
  /**
   * What the inputs of linear layers, and keys and values, were rounded to: "same" (as the weights) or a format id; absent at
   * full precision. Rows of different settings are never compared.
   */
  activation?: string;
  kv?: string;
  method: string;
  /** Which tensors were quantized: "linears" = every linear layer of the blocks. */
  scope: string;
  /** Group size along the input dimension, or "row" | "tensor". */
  group: number | "row" | "tensor" | null;
  task: string;
  /** Protocol id, e.g. "windows-256": rows of different protocols are never compared. */
  protocol: string;
  seed: number;
  perplexity: number | null;
  /** One standard error of the perplexity (delta method over windows). */
  perplexitySigma: number | null;
  /** Paired difference of the mean loss to the baseline, nats per token, with its standard error. */
  deltaLoss: number | null;
  deltaLossSigma: number | null;
  /** Why a null above is null. */
  reason?: string;
  tokens: number;
  windows: number;
  /**
   * Mean loss (nats per token) of each evaluation window, or of each example's right continuation: what paired statistics
   * need.
   */
  windowLoss: number[];
  /** Figures besides perplexity by name, e.g. acc and acc_norm; absent where the task has none. */
  metrics?: Record<string, Metric>;
  /** Bits per quantized weight, scales included. */
  bitsPerWeight: number;
  /**
   * Bits per weight of the whole model: what is outside the scope (embeddings, head, norms) is counted in 16 bits, as it is
   * published; 32 for the unquantized baseline. Absent in rows of older versions.
   */
  modelBitsPerWeight?: number;
  /** Relative squared error of the quantized weights, sum err^2 / sum w^2, over all of the scope. */
  weightMse: number;
  /** Of the multiply-accumulate by the count model; null for full precision and learned codebooks. */
  cost: MacCost | null;
  /** The same synthesized, where the committed table has the pair (reports/costSource.ts says which one counts). */
  synthesizedCost?: MacCost | null;
  layers: LayerLog[];
  /** Budget, loss terms and held-out loss of a retraining; absent where nothing was trained. */
  training?: TrainingLog;
  warnings: string[];
  versions: Record<string, string>;
  config: Record<string, unknown>;
  /** Timing fields: the only ones that may differ between two runs of one trial. */
  timing: { startedAt: string; quantizeMs: number; evaluateMs: number };
}

/** What one tensor of a model looks like (fit), as a report draws it. */
export interface TensorProfile {
  name: string;
  layer: number | null;
  kind: string;
  shape: number[];
  /** Degrees of freedom; null when the data are Gaussian (or no t fits), with the reason in `verdict`. */
  nu: number | null;
  nuSigma: number | null;
  verdict: string;
  gain: number;
}
