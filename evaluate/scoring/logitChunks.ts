/** @file Logits a few rows at a time: a vocabulary times a context is gigabytes, of which one figure a row is wanted. */
import { type Graph, node, slice, type Value } from "../graph/index.ts";

/** Logits that are in memory at once: large enough for the matrix product, small beside a model of a large vocabulary. */
export const LOGIT_BYTES = 64 * 1024 * 1024;

/** Rows of logits of `vocab` float32 that are made at once, of `rows` in all. */
export function rowsAtOnce(rows: number, vocab: number): number {
  return Math.min(rows, Math.max(1, Math.floor(LOGIT_BYTES / (4 * vocab))));
}

/** Applies `of`, whose rows [n] follow from the rows of its inputs, to a chunk of rows of `inputs` after another. */
export function inChunks(
  graph: Graph,
  vocab: number,
  inputs: readonly Value[],
  of: (chunk: readonly Value[]) => Value,
): Value {
  const rows = inputs[0]!.shape[0]!;
  const size = rowsAtOnce(rows, vocab);
  if (size === rows) return of(inputs);
  const done: Value[] = [];
  for (let from = 0; from < rows; from += size) {
    done.push(of(inputs.map((value) => slice(graph, value, 0, from, Math.min(from + size, rows)))));
  }
  return joined(graph, done);
}

/** Values [n], one after another. */
export function joined(graph: Graph, parts: readonly Value[]): Value {
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return node(graph, "Concat", parts, [length], { attributes: { axis: 0 } });
}

/** The most likely token of each row of logits [n, vocab], the first of equals. */
export function argmaxOf(graph: Graph, logits: Value): Value {
  const attributes = { axis: -1, keepdims: 0 };
  return node(graph, "ArgMax", [logits], [logits.shape[0]!], { type: "int64", attributes });
}
