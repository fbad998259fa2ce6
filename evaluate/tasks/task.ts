import type { DataFile } from "./dataFile.ts";

/** A task as a config or a command line names it. */
export interface TaskSpec {
  /** Registry id: "perplexity". */
  task: string;
  /** What follows the colon: a file, or for perplexity "reference", the held-out text of the embedded model. */
  source: string;
}

/** Mean next-token loss (nats per token) of each of `count` windows of `context` tokens. */
export type Score = (windows: Int32Array, count: number, context: number) => Promise<Float64Array>;

/** Token ids: what is given, and what the model is to continue it with. */
export interface Request {
  context: Int32Array;
  continuation: Int32Array;
}

/** Log-likelihood (nats) of each token of a continuation, and whether all of them are the most likely ones. */
export interface RequestScore {
  logProbs: Float64Array;
  greedy: boolean;
}

/**
 * Of each prediction in windows, [count·(context − 1)]: nats of the next token, how much its ln p has grown from full
 * precision, nats of KL to full precision, same top (0 or 1).
 */
export interface WindowDivergences {
  nll: Float32Array;
  change: Float32Array;
  kl: Float32Array;
  same: Uint8Array;
}

/** The injected model, with the weights of one trial. */
export interface ScoredModel {
  windows: Score;
  continuations(requests: readonly Request[]): Promise<RequestScore[]>;
  /** Runs the model at full precision, which `divergences` of these windows will need no more. */
  remember(windows: Int32Array, count: number, context: number): Promise<void>;
  /** Beside the model at full precision. */
  divergences(windows: Int32Array, count: number, context: number): Promise<WindowDivergences>;
}

/** What a task gets to make its inputs with. */
export interface TaskInputs {
  /** The file, already read. */
  data: DataFile;
  /** Tokenizes once, the tokenizer's BOS (if it has one) at the very start only. */
  encode(text: string): ArrayLike<number>;
  /** What lm-eval puts before a text that nothing precedes: the tokenizer's BOS, else its EOS; null where it has neither. */
  prefix: number | null;
  /** Window length in tokens: for requests, the most positions that the model reads. */
  context: number;
  /** Keep only so many windows or examples, evenly spaced; null keeps all. */
  limitWindows: number | null;
}

/** A task ready to be scored by any number of trials. */
export interface TaskData {
  task: string;
  source: string;
  /** Protocol id: rows of different ids are never compared. */
  protocol: string;
  /** Windows or examples that a trial scores. */
  count: number;
  /** Positions of the longest sequence that the model will read. */
  longest: number;
  /** Lengths of the sequences, where they are not all the longest. */
  lengths?: readonly number[];
  /** Set where the model is scored beside that at full precision: to be called while this is there. */
  remember?(model: ScoredModel): Promise<void>;
  /** What a reader of the row should know of the data, e.g. that contexts were cut. */
  warnings: string[];
  measure(model: ScoredModel): Promise<TaskMetrics>;
}

/** A figure with one standard error over examples, or null with the reason. */
export interface Metric {
  value: number | null;
  sigma: number | null;
  reason?: string;
  /** The figure of each example (0 or 1 for accuracies), where it is their mean: what paired statistics need. */
  examples?: number[];
  /** Paired difference to full precision, with its standard error; absent in rows of full precision. */
  delta?: number | null;
  deltaSigma?: number | null;
}

/** The part of a row that a task fills. */
export interface TaskMetrics {
  perplexity: number | null;
  perplexitySigma: number | null;
  windowLoss: number[];
  /** Scored windows or examples, and the tokens they hold (of examples: those that are scored). */
  windows: number;
  tokens: number;
  reason?: string;
  /** Figures besides perplexity by name, e.g. acc and acc_norm. */
  metrics?: Record<string, Metric>;
}

/** One task: one file in this folder and one line in `registry.ts`. */
export interface Task {
  id: string;
  /** How it is asked for, and one line of what it measures; printed by `eval --help`. */
  usage: string;
  summary: string;
  /** The longest windows of its protocol, where the model reads more and no other length is asked for. */
  contextMax?: number;
  /** Throws UserError naming the source, and the line where there are lines, for what cannot be scored. */
  prepare(spec: TaskSpec, inputs: TaskInputs): TaskData;
}
