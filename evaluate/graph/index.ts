export { gradients, influencing, stopGradient } from "./gradients.ts";
export { ANY, constant, createGraph, encode, type Graph, input, ints, node, output, scalar } from "./graph.ts";
export { lower, narrowsIntegers } from "./lowering.ts";
export { type AnyOp, apply, type Op, type Sample } from "./op.ts";
export * from "./ops/index.ts";
export { peakBytes } from "./peak.ts";
export { type Provider, providers } from "./provider.ts";
export type { Data, ElementType, Value } from "./value.ts";
export { size } from "./value.ts";
