import { constant, type Graph, ints, node, scalar } from "../graph.ts";
import { apply, type Op } from "../op.ts";
import { type ElementType, show, size, type Value } from "../value.ts";

export interface AttentionOptions {
  /** Factor of q·k; 1/√d when absent. */
  scale?: number;
  /** A query sees this many keys, itself included; all earlier ones when absent (Beltagy et al. 2020, §3.1). */
  window?: number;
  /**
   * ALiBi (Press et al. 2022): query head h adds slopes[h] · (j − i) to its score of key j. Heads in the order of q,
   * that is [kv][rep].
   */
  slopes?: readonly number[];
  /** Scores s become softcap · tanh(s / softcap) (Gemma Team 2024, Gemma 2, §2). */
  softcap?: number;
}

interface Saved {
  /** tanh(s / softcap); null without a cap. */
  capped: Value | null;
  probabilities: Value;
  scaled: Value;
}

/** Large enough that exp underflows to 0, small enough not to overflow when added: −inf would give NaN in places. */
const MASKED = -1e9;

/**
 * Causal attention with grouped queries: q [batch,kv,rep·time,d] (the `rep` query heads that share one key head lie
 * one after another), k and v [batch,kv,time,d] → [batch,kv,rep·time,d]. softmax(scale·q·kᵀ + mask)·v.
 * The gradient uses Σ_j dP·P = Σ dO·O per row (Dao 2022, FlashAttention, appendix B.2): rows of d in place of rows of time.
 */
const attentionOp: Op<AttentionOptions, Saved> = {
  name: "CausalAttention",
  forward(graph, [q, k, v], options) {
    const [batch, kv, rows, d] = q!.shape;
    const time = k!.shape[2]!;
    if (q!.shape.length !== 4 || rows! % time !== 0 || k!.shape[3] !== d || v!.shape[2] !== time) {
      throw new Error(`internal: CausalAttention of ${show(q!)}, ${show(k!)}, ${show(v!)}`);
    }
    const scaled = node(graph, "Mul", [q!, scalar(graph, scaleOf(options, q!), q!.type)], q!.shape);
    const scores = product(graph, scaled, k!, [batch!, kv!, rows!, time], true);
    const { output: bounded, capped } = softcap(graph, scores, options);
    // The heads that share a key head get a dimension of their own, so that one table [time,time] serves them all.
    const heads = rows! === time ? [kv!] : [kv!, rows! / time];
    const square = reshaped(graph, bounded, [batch!, ...heads, time, time]);
    const biased = options.slopes ? alibi(graph, square, heads, options.slopes) : square;
    const masked = node(graph, "Add", [biased, mask(graph, time, q!.type, options.window)], square.shape);
    const softmax = node(graph, "Softmax", [masked], square.shape, { attributes: { axis: -1 } });
    const probabilities = reshaped(graph, softmax, scores.shape);
    const output = product(graph, probabilities, v!, q!.shape);
    return { output, saved: { probabilities, scaled, capped } };
  },
  vjp(graph, { grad, inputs: [q, k, v], output, saved: { probabilities, scaled, capped }, attributes }) {
    const column = [...q!.shape.slice(0, 3), 1];
    const axes = constant(graph, BigInt64Array.of(3n));
    const dotted = node(graph, "Mul", [grad, output], grad.shape);
    const rowSum = node(graph, "ReduceSum", [dotted, axes], column, { attributes: { keepdims: 1 } });
    const dp = product(graph, grad, v!, probabilities.shape, true);
    const centred = node(graph, "Sub", [dp, rowSum], dp.shape);
    const dBounded = node(graph, "Mul", [probabilities, centred], dp.shape);
    const ds = capped ? throughTanh(graph, dBounded, capped) : dBounded;
    const dScaled = product(graph, ds, k!, q!.shape);
    const dq = node(graph, "Mul", [dScaled, scalar(graph, scaleOf(attributes, q!), q!.type)], q!.shape);
    return [
      dq,
      transposedProduct(graph, ds, scaled, k!.shape),
      transposedProduct(graph, probabilities, grad, v!.shape),
    ];
  },
  samples: [
    {
      inputs: [
        [2, 2, 6, 4],
        [2, 2, 3, 4],
        [2, 2, 3, 4],
      ],
      attributes: {},
    },
    {
      inputs: [
        [1, 2, 8, 2],
        [1, 2, 4, 2],
        [1, 2, 4, 2],
      ],
      attributes: { scale: 0.3, softcap: 0.7, window: 2, slopes: [0.5, 0.25, 0.125, 0.0625] },
    },
  ],
};

/** Scores scale·q·kᵀ, capped where asked for: q [batch,kv,rows,d] and k [batch,kv,time,d] → [batch,kv,rows,time]. No gradient. */
export function attentionScores(graph: Graph, q: Value, k: Value, options: AttentionOptions): Value {
  const [batch, kv, rows] = q.shape as [number, number, number, number];
  const scaled = node(graph, "Mul", [q, scalar(graph, scaleOf(options, q), q.type)], q.shape);
  return softcap(graph, product(graph, scaled, k, [batch, kv, rows, k.shape[2]!], true), options).output;
}

function scaleOf({ scale }: AttentionOptions, q: Value): number {
  return scale ?? 1 / Math.sqrt(q.shape[3]!);
}

function softcap(graph: Graph, scores: Value, { softcap: cap }: AttentionOptions) {
  if (cap === undefined) return { output: scores, capped: null };
  const ratio = node(graph, "Div", [scores, scalar(graph, cap, scores.type)], scores.shape);
  const capped = node(graph, "Tanh", [ratio], scores.shape);
  return { output: node(graph, "Mul", [capped, scalar(graph, cap, scores.type)], scores.shape), capped };
}

/** The gradient of cap · tanh(s / cap) is 1 − tanh². */
function throughTanh(graph: Graph, grad: Value, tanh: Value): Value {
  const square = node(graph, "Mul", [tanh, tanh], tanh.shape);
  const slope = node(graph, "Sub", [scalar(graph, 1, tanh.type), square], tanh.shape);
  return node(graph, "Mul", [grad, slope], grad.shape);
}

function product(graph: Graph, a: Value, b: Value, shape: readonly number[], transB = false): Value {
  return node(graph, "MatMul", [a, transB ? swapped(graph, b) : b], shape);
}

function transposedProduct(graph: Graph, a: Value, b: Value, shape: readonly number[]): Value {
  return node(graph, "MatMul", [swapped(graph, a), b], shape);
}

function swapped(graph: Graph, x: Value): Value {
  const [a, b, m, n] = x.shape;
  return node(graph, "Transpose", [x], [a!, b!, n!, m!], { attributes: { perm: [0, 1, 3, 2] } });
}

function reshaped(graph: Graph, x: Value, shape: readonly number[]): Value {
  return x.shape.length === shape.length ? x : node(graph, "Reshape", [x, ints(graph, shape)], shape);
}

/** The tables of each graph: 16 MB at 2048 tokens, which every layer would otherwise hold for itself. */
const tables = new WeakMap<Graph, Map<string, Value>>();

/** A constant [time,time] that f fills for query position i and key position j; one for all uses of `key` in a graph. */
function table(graph: Graph, key: string, time: number, type: ElementType, f: (i: number, j: number) => number): Value {
  const known = tables.get(graph) ?? new Map<string, Value>();
  tables.set(graph, known);
  const full = `${key} ${time} ${type}`;
  const found = known.get(full);
  if (found) return found;
  const data = type === "float64" ? new Float64Array(time * time) : new Float32Array(time * time);
  for (let i = 0; i < time; i++) for (let j = 0; j < time; j++) data[i * time + j] = f(i, j);
  const made = constant(graph, data, [time, time]);
  known.set(full, made);
  return made;
}

function mask(graph: Graph, time: number, type: ElementType, window = time): Value {
  return table(graph, `mask ${window}`, time, type, (i, j) => (j > i || j <= i - window ? MASKED : 0));
}

/** Scores [batch,…heads,time,time] with one slope a head times one distance a pair of positions added. */
function alibi(graph: Graph, scores: Value, heads: readonly number[], slopes: readonly number[]): Value {
  if (slopes.length !== size(heads)) throw new Error(`internal: ${slopes.length} slopes for heads [${heads}]`);
  const data = scores.type === "float64" ? Float64Array.from(slopes) : Float32Array.from(slopes);
  const perHead = constant(graph, data, [...heads, 1, 1]);
  const distance = table(graph, "distance", scores.shape.at(-1)!, scores.type, (i, j) => j - i);
  const bias = node(graph, "Mul", [perHead, distance], scores.shape.slice(1));
  return node(graph, "Add", [scores, bias], scores.shape);
}

export const causalAttention = (graph: Graph, q: Value, k: Value, v: Value, options: AttentionOptions = {}) =>
  apply(graph, attentionOp, [q, k, v], options);

export const attentionOps = [attentionOp];
