import { totalmem } from "node:os";
import { live, reads } from "../graph/graph.ts";
import { type Graph, peakBytes } from "../graph/index.ts";
import { inputShapes, type RunningFormats } from "../model/architectures/runningFormats.ts";
import type { LinearLayer, ModelConfig } from "../model/index.ts";
import { besideGraph } from "../scoring/besideGraph.ts";
import { REMEMBERED_BYTES } from "../scoring/divergence.ts";
import { TOKENS_CPU } from "../scoring/runSize.ts";
import { KEPT_SCORERS } from "../scoring/scorerPool.ts";
import { scorerGraph } from "../scoring/tokenScorer.ts";
import { calibrationBytes } from "./calibrationText.ts";

/** What a run will need of memory at its peak, before it has begun. */
export interface MemoryEstimate {
  bytes: number;
  /** What the bytes are for, the largest first. */
  parts: { what: string; bytes: number }[];
}

/** Node, onnxruntime's library, compiled code and what is not yet collected: measured on stories260K. */
const RUNTIME_BYTES = 200e6;
/** A compiled graph without its nodes, and a node of it: measured on stories260K and SmolLM2-135M, W4A16 and W4A4. */
const COMPILED_BYTES = 5e6;
const NODE_BYTES = 3500;
/** A token of a tokenizer: its texts, its merges and the tables that find them. */
const TOKEN_BYTES = 1000;
/** Copies of a matrix that rounding holds: as read, as rounded, as returned, and two in between. */
const MATRIX_COPIES = 5;
/** Float64 matrices [columns, columns] of a calibrated layer: moments, factor, inverse and their products. */
const MOMENT_COPIES = 5;

/** What the figures of a model's size say, as `readModelHead` has them before any weight is read. */
export interface ModelSize {
  readonly config: ModelConfig;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly linears: readonly LinearLayer[];
}

interface Shapes {
  readonly linears: readonly { readonly rows: number; readonly cols: number }[];
}

/** The text that a method calibrates on; with `drift`, the full-precision model walks beside, with `originals` its matrices are held too. */
export interface CalibrationSize {
  readonly count: number;
  readonly context: number;
  readonly drift: boolean;
  readonly originals: boolean;
}

export interface PlannedRuns {
  /** Positions of the longest sequence. */
  readonly positions: number;
  /** Sequences in all. */
  readonly count: number;
  /** Graphs for sequences of different lengths that are there at once. */
  readonly graphs: number;
  /** What activations and cache are rounded to, each setting once. */
  readonly running: readonly RunningFormats[];
  /** Whether a task compares with the full-precision model. */
  readonly beside: boolean;
  readonly trains: boolean;
  /** Matrices whose originals stay beside what a trial makes of them. */
  readonly held?: Shapes["linears"];
  readonly calibration: CalibrationSize | null;
}

/**
 * Peak memory of trials of a model: all weights in float32, once, since the layers of a trial's blocks take the place of the
 * model's; and the larger of a run's values and a calibration, both as their graphs say. Training needs more.
 */
export function evaluationMemory(model: ModelSize, runs: PlannedRuns): MemoryEstimate {
  const activations = Math.max(...runs.running.map((running) => runBytes(model, running, runs)));
  const calibration = runs.calibration ? calibratedBytes(model, runs.calibration, runs.running) : 0;
  return estimateOf([
    ["weights", weightBytes(model) + matricesBytes(runs.held ?? [])],
    ["remembered states", runs.beside ? rememberedBytes(model, runs) : 0],
    // Trained weights, their gradients and two moments; what the steps keep of activations comes on top.
    ["training", runs.trains ? 4 * weightBytes(model) : 0],
    calibration > activations ? ["calibration", calibration] : ["activations", activations],
    ["compiled graphs", graphBytes(model, runs)],
    ["runtime", runtimeBytes(model)],
  ]);
}

/** Peak memory of writing a quantized model: of one matrix after another, or, where the method calibrates, of the whole model. */
export function quantizeMemory(model: Shapes, whole?: ModelSize & CalibrationSize): MemoryEstimate {
  if (whole)
    return estimateOf([
      ["weights", weightBytes(whole)],
      ["calibration", calibratedBytes(whole, whole, [])],
      ["runtime", runtimeBytes(whole)],
    ]);
  return estimateOf([
    ["the largest matrix", matrixBytes(model)],
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

function runtimeBytes({ config }: ModelSize): number {
  return RUNTIME_BYTES + TOKEN_BYTES * config.vocabSize;
}

function rememberedBytes({ config }: ModelSize, { count, positions }: PlannedRuns): number {
  return Math.min(4 * count * positions * config.hiddenSize, REMEMBERED_BYTES);
}

function weightBytes({ shapes }: Pick<ModelSize, "shapes">): number {
  return [...shapes.values()].reduce((sum, shape) => sum + 4 * shape.reduce((size, length) => size * length, 1), 0);
}

function matricesBytes(matrices: Shapes["linears"]): number {
  return matrices.reduce((sum, { rows, cols }) => sum + 4 * rows * cols, 0);
}

function matrixBytes({ linears }: Shapes): number {
  return MATRIX_COPIES * Math.max(...linears.map(({ rows, cols }) => 4 * rows * cols));
}

/** The values of one run that are alive together, and its constants in the graph, its encoding and the session. */
function runBytes({ config, shapes, linears }: ModelSize, running: RunningFormats, runs: PlannedRuns): number {
  const graph = runGraph({ config, shapes, linears }, running, runs);
  return peakBytes(graph) + 3 * constantBytes(graph);
}

function runGraph({ config, shapes, linears }: ModelSize, running: RunningFormats, runs: PlannedRuns): Graph {
  const batch = Math.max(1, Math.min(Math.floor(TOKENS_CPU / runs.positions), runs.count));
  const all = new Map([...shapes, ...inputShapes(linears, running)]);
  const sizes = { batch, time: runs.positions, running };
  return runs.beside ? besideGraph(config, all, sizes).graph : scorerGraph(config, all, sizes);
}

/** What compiled graphs take before any runs; beyond the first, which is among what the runtime takes. */
function graphBytes(model: ModelSize, runs: PlannedRuns): number {
  const each = runs.running
    .slice(0, KEPT_SCORERS)
    .map((running) => COMPILED_BYTES + NODE_BYTES * live(runGraph(model, running, runs)).length);
  return runs.graphs * each.reduce((sum, bytes) => sum + bytes, 0) - each[0]!;
}

function constantBytes(graph: Graph): number {
  const read = new Set(live(graph).flatMap(reads));
  return graph.constants.reduce((sum, { value, data }) => sum + (read.has(value.name) ? data.byteLength : 0), 0);
}

/** What a walk takes, with the moments of a layer and what rounding makes of it. */
function calibratedBytes(model: ModelSize, text: CalibrationSize, running: readonly RunningFormats[]): number {
  const columns = Math.max(...model.linears.map(({ cols }) => cols));
  const walks = [undefined, ...running].map((formats) => calibrationBytes(model, text, formats));
  const originals = text.originals ? matricesBytes(model.linears) : 0;
  return Math.max(...walks) + originals + 8 * MOMENT_COPIES * columns * columns + matrixBytes(model);
}
