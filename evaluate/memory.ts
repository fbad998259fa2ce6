import { totalmem } from "node:os";
import { rowsAtOnce } from "./model/architectures/logitChunks.ts";
import { TOKENS_CPU } from "./model/architectures/runSize.ts";
import type { LinearLayer, ModelConfig } from "./model/index.ts";

/** What a run will need of memory at its peak, before it has begun. */
export interface MemoryEstimate {
  bytes: number;
  /** What the bytes are for, the largest first. */
  parts: { what: string; bytes: number }[];
}

/** Node, onnxruntime's library, the tokenizer and the compiled code: measured 0.2 to 0.3 GB. */
const RUNTIME_BYTES = 250e6;
/** Copies of a matrix that rounding holds: as read, as rounded, as returned, and two in between. */
const MATRIX_COPIES = 5;
/** Float64 matrices [columns, columns] of a calibrated layer: moments, factor, inverse and their products. */
const MOMENT_COPIES = 5;

/** What the figures of a model's size say, as `loadModel` has them before any weight is read. */
export interface ModelSize {
  readonly config: Pick<ModelConfig, "hiddenSize" | "numHeads" | "vocabSize">;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly linears: readonly Pick<LinearLayer, "rows" | "cols">[];
}

/** Tokens on which a method calibrates; with `reference`, the full-precision model walks beside. */
export interface CalibrationSize {
  readonly tokens: number;
  readonly context: number;
  readonly reference: boolean;
}

/**
 * Peak memory of evaluations whose longest run of one sequence has `positions` tokens: all weights in float32, a second copy of
 * the linear layers where a format is tried, and the larger of a run's activations (twice that where the full-precision
 * model runs beside) and a calibration. Attention holds its scores of all pairs of positions.
 */
export function evaluationMemory(
  model: ModelSize,
  run: {
    positions: number;
    formats: boolean;
    beside?: boolean;
    trains?: boolean;
    calibration?: CalibrationSize | null;
  },
): MemoryEstimate {
  const activations = runBytes(model, run.positions) * (run.beside ? 2 : 1);
  const calibration = run.calibration ? calibrationBytes(model, run.calibration) : 0;
  return estimateOf([
    ["weights", weightBytes(model)],
    ["rounded layers", run.formats ? linearBytes(model) : 0],
    // Trained weights, their gradients and two moments; what the steps keep of activations comes on top.
    ["training", run.trains ? 4 * weightBytes(model) : 0],
    calibration > activations ? ["calibration", calibration] : ["activations", activations],
    ["runtime", RUNTIME_BYTES],
  ]);
}

/** Peak memory of writing a quantized model: of one matrix after another, or, where the method calibrates, of the whole model. */
export function quantizeMemory(model: Pick<ModelSize, "linears">, whole?: ModelSize & CalibrationSize): MemoryEstimate {
  if (whole)
    return estimateOf([
      ["weights", weightBytes(whole)],
      ["rounded layers", linearBytes(whole)],
      ["calibration", calibrationBytes(whole, whole)],
      ["runtime", RUNTIME_BYTES],
    ]);
  const largest = Math.max(...model.linears.map(({ rows, cols }) => 4 * rows * cols));
  return estimateOf([
    ["the largest matrix", MATRIX_COPIES * largest],
    ["runtime", RUNTIME_BYTES],
  ]);
}

/** One line: "memory: about 1.29 GB at its peak (weights 0.54, activations 0.50, runtime 0.25)", and whether that is there. */
export function memoryLine({ bytes, parts }: MemoryEstimate, available = totalmem()): string {
  const gb = (value: number) => (value / 1e9).toFixed(2);
  const shown = parts.map(({ what, bytes }) => `${what} ${gb(bytes)}`).join(", ");
  const warning = bytes > available ? `; this machine has ${gb(available)} GB` : "";
  return `memory: about ${gb(bytes)} GB at its peak (${shown})${warning}`;
}

function estimateOf(parts: readonly (readonly [what: string, bytes: number])[]): MemoryEstimate {
  const present = parts.filter(([, bytes]) => bytes > 0).map(([what, bytes]) => ({ what, bytes }));
  return {
    bytes: present.reduce((sum, { bytes }) => sum + bytes, 0),
    parts: present.sort((a, b) => b.bytes - a.bytes),
  };
}

function weightBytes({ shapes }: ModelSize): number {
  return [...shapes.values()].reduce((sum, shape) => sum + 4 * shape.reduce((size, length) => size * length, 1), 0);
}

function linearBytes({ linears }: Pick<ModelSize, "linears">): number {
  return linears.reduce((sum, { rows, cols }) => sum + 4 * rows * cols, 0);
}

/** Activations of one run: a few hidden states, attention's scores and weights, the widest layer, a chunk of logits. */
function runBytes({ config, linears }: ModelSize, positions: number): number {
  const batch = Math.max(1, Math.floor(TOKENS_CPU / positions));
  const rows = batch * positions;
  const widest = Math.max(...linears.map((layer) => layer.rows));
  const attention = 2 * config.numHeads * batch * positions * positions;
  const logits = 2 * rowsAtOnce(rows, config.vocabSize) * config.vocabSize;
  return 4 * (6 * rows * config.hiddenSize + attention + 3 * rows * widest + logits);
}

/** The residual stream of the whole text, which waits between two layers, one batch on its way, and the moments of a layer. */
function calibrationBytes(model: ModelSize, { tokens, context, reference }: CalibrationSize): number {
  const columns = Math.max(...model.linears.map(({ cols }) => cols));
  const stream = 4 * 2 * tokens * model.config.hiddenSize * (reference ? 2 : 1);
  return stream + runBytes(model, context) + 8 * MOMENT_COPIES * columns * columns;
}
