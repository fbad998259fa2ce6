export { gradients, influencing, stopGradient } from "./gradients.ts";
export { constant, createGraph, encode, type Graph, input, ints, node, output, scalar } from "./graph.ts";
export { type AnyOp, apply, type Op, type Sample } from "./op.ts";
export * from "./ops/index.ts";
export type { Data, ElementType, Value } from "./value.ts";
export { size } from "./value.ts";
