/** A task as a config or a command line names it. */
export interface TaskSpec {
  /** Registry id: "perplexity". */
  task: string;
  /** What follows the colon: for perplexity a text file, or "reference" for the held-out text of the embedded model. */
  source: string;
}

/** Mean next-token loss (nats per token) of each of `count` windows of `context` tokens: the injected model. */
export type Score = (windows: Int32Array, count: number, context: number) => Promise<Float64Array>;

/** What a task gets to make its inputs with. */
export interface TaskInputs {
  /** The whole text, already read. */
  text: string;
  /** Tokenizes once, the tokenizer's BOS (if it has one) at the very start only. */
  encode(text: string): ArrayLike<number>;
  /** Window length in tokens. */
  context: number;
  /** Keep only so many windows, evenly spaced; null keeps all. */
  limitWindows: number | null;
}

/** A task ready to be scored by any number of trials. */
export interface TaskData {
  task: string;
  source: string;
  /** Protocol id: rows of different ids are never compared. */
  protocol: string;
  windows: Int32Array;
  count: number;
  context: number;
  dropped: number;
}

/** The part of a row that a task fills. */
export interface TaskMetrics {
  perplexity: number | null;
  perplexitySigma: number | null;
  windowLoss: number[];
  /** Scored windows, and the tokens they hold. */
  windows: number;
  tokens: number;
  reason?: string;
}

/** One task: one file in this folder and one line in `registry.ts`. */
export interface Task {
  id: string;
  /** How it is asked for, and one line of what it measures; printed by `eval --help`. */
  usage: string;
  summary: string;
  prepare(spec: TaskSpec, inputs: TaskInputs): TaskData;
  measure(data: TaskData, score: Score): Promise<TaskMetrics>;
}
