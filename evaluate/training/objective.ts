import {
  add,
  constant,
  crossEntropy,
  type Graph,
  meanAll,
  mul,
  node,
  reshape,
  scalar,
  slice,
  softmax,
  sub,
  sum,
  type Value,
} from "../graph/index.ts";
import { chunkRows, type Head, headOf, overChunks, type Rows, rowsAfter, zeroAfter } from "./chunkedHead.ts";
import type { Taps } from "./layerTaps.ts";
import { type LayerLossId, type LossId, losses, TSLD_TEMPERATURE } from "./losses.ts";

/** A loss of an objective. */
export interface Term {
  readonly loss: LossId | LayerLossId;
  /** 1 when absent. */
  readonly weight?: number;
  /**
   * How the objective adds up what is logged as a mean: as it is, once for each window of the batch (the sum over the
   * batch in TSLD's code), or once for each token of a window (the sum over tokens in BitDistiller's and LLM-QAT's).
   */
  readonly reduction?: "mean" | "sum-windows" | "sum-tokens";
}

/** One side of the comparison. */
export interface Side {
  readonly logits: Value;
  readonly taps: Taps | null;
}

export interface ObjectiveInputs {
  readonly graph: Graph;
  readonly student: Side;
  readonly teacher: Side | null;
  /** int64 [batch·time]. */
  readonly labels: Value;
  readonly gamma: Value | null;
  /** Windows. */
  readonly batch: number;
  /** Windows of the step that these are a part of: the objectives of its equal parts add up to its own. `batch` when absent. */
  readonly stepBatch?: number;
  /** Elements of the logits that exist at a time. */
  readonly chunkElements?: number;
}

export function isLogitLoss(id: string): id is LossId {
  return Object.hasOwn(losses, id);
}

/**
 * The scalar to be minimised and each term by itself: losses on logits as means in nats per token (TSLD's weights sum to 1
 * over each window), those on layers in squared units.
 */
export function objectiveOf(
  terms: readonly Term[],
  inputs: ObjectiveInputs,
): { objective: Value; terms: Record<string, Value> } {
  const { graph, labels, batch, stepBatch = batch } = inputs;
  const tokens = labels.shape[0]!;
  const share = batch / stepBatch;
  const factor = ({ weight = 1, reduction = "mean" }: Term) =>
    share * weight * (reduction === "sum-windows" ? stepBatch : reduction === "sum-tokens" ? tokens / batch : 1);
  const onLogits = terms.filter(({ loss }) => isLogitLoss(loss));
  const values: Record<string, Value> = onLogits.length > 0 ? logitTerms(onLogits, factor, inputs) : {};
  let objective = values.objective ?? null;
  delete values.objective;
  for (const term of terms) {
    if (isLogitLoss(term.loss)) continue;
    const value = layerTerm(term.loss, inputs);
    values[term.loss] = value;
    const scaled = mul(graph, value, scalar(graph, factor(term), value.type));
    objective = objective ? add(graph, objective, scaled) : scaled;
  }
  if (!objective) throw new Error("internal: an objective without terms");
  return { objective, terms: values };
}

function logitTerms(
  terms: readonly Term[],
  factor: (term: Term) => number,
  { graph, student, teacher, labels, gamma, batch, chunkElements }: ObjectiveInputs,
): Record<string, Value> {
  const [n, vocab] = student.logits.shape as [number, number];
  const head = headOf(graph, student.logits);
  const rows = head ? chunkRows(vocab, chunkElements) : n;
  const teacherHead = teacher && headOf(graph, teacher.logits);
  const teacherRows = (chunk: Rows) => teacher && rowsOf(graph, teacher.logits, teacherHead, chunk);
  const wants = terms.some(({ loss }) => isLogitLoss(loss) && losses[loss].weighting === "teacher-difficulty");
  const difficulty = wants ? difficultyWeights(graph, labels, batch, rows, (chunk) => teacherRows(chunk)!) : null;
  const ofRows = (logits: Value, chunk: Rows) => {
    const { from, to } = chunk;
    const inputs = {
      graph,
      student: logits,
      teacher: teacherRows(chunk),
      labels: part(graph, labels, from, to),
      gamma,
    };
    const values: Record<string, Value> = {};
    for (const term of terms) {
      const { perToken, weighting } = losses[term.loss as LossId];
      const each = perToken(inputs);
      const weights = weighting === "even" ? scalar(graph, 1 / n, each.type) : part(graph, difficulty!, from, to);
      const value = reshape(graph, sum(graph, mul(graph, each, weights), [0]), []);
      values[term.loss] = value;
      const scaled = mul(graph, value, scalar(graph, factor(term), value.type));
      values.objective = values.objective ? add(graph, values.objective, scaled) : scaled;
    }
    return values;
  };
  return head ? overChunks(graph, head, rows, ofRows) : ofRows(student.logits, { from: 0, to: n, after: null });
}

/** Rows of the teacher's logits: those rows of its last product, which then never exists as a whole. */
function rowsOf(graph: Graph, logits: Value, head: Head | null, chunk: Rows): Value {
  if (!head) return rowsAfter(graph, logits, chunk);
  const hidden = rowsAfter(graph, head.hidden, chunk);
  const shape = [hidden.shape[0]!, logits.shape[1]!];
  return node(graph, "Gemm", [hidden, head.weight], shape, { attributes: { transA: 0, transB: 1 } });
}

function part(graph: Graph, x: Value, from: number, to: number): Value {
  return from === 0 && to === x.shape[0] ? x : slice(graph, x, 0, from, to);
}

/** TSLD: softmax over each window's tokens of the teacher's cross-entropy of the label over 10; over all windows they sum to 1. */
function difficultyWeights(
  graph: Graph,
  labels: Value,
  batch: number,
  rows: number,
  teacherRows: (chunk: Rows) => Value,
): Value {
  const n = labels.shape[0]!;
  const parts: Value[] = [];
  for (let from = 0; from < n; from += rows) {
    const to = Math.min(from + rows, n);
    const after = parts.length > 0 ? zeroAfter(graph, parts.slice(-1)) : null;
    parts.push(crossEntropy(graph, teacherRows({ from, to, after }), part(graph, labels, from, to)));
  }
  const all = parts.length === 1 ? parts[0]! : node(graph, "Concat", parts, [n], { attributes: { axis: 0 } });
  const scaled = mul(graph, reshape(graph, all, [batch, n / batch]), scalar(graph, 1 / TSLD_TEMPERATURE, all.type));
  const weights = mul(graph, softmax(graph, scaled), scalar(graph, 1 / batch, all.type));
  return reshape(graph, weights, [n]);
}

function layerTerm(loss: LayerLossId, { graph, student, teacher }: ObjectiveInputs): Value {
  const pick = ({ taps }: Side) => ({ hidden: taps!.hidden, scores: taps!.scores, attention: taps!.outputs })[loss];
  const others = pick(teacher!);
  const each = pick(student).map((own, layer) => {
    const difference = sub(graph, own, others[layer]!);
    const kept = loss === "scores" ? mul(graph, difference, causalHalf(graph, difference)) : difference;
    return meanAll(graph, mul(graph, kept, kept));
  });
  return each.reduce((a, b) => add(graph, a, b));
}

/** 1 where a query sees a key, [rep·time, time]: the mean still counts the zeros, as in TSLD's code. */
function causalHalf(graph: Graph, scores: Value): Value {
  const [rows, time] = scores.shape.slice(-2) as [number, number];
  const data = Float32Array.from({ length: rows * time }, (_, i) => (i % time <= Math.floor(i / time) % time ? 1 : 0));
  return constant(graph, data, [rows, time]);
}
