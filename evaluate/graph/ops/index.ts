import type { AnyOp } from "../op.ts";
import { attentionOps } from "./attention.ts";
import { crossEntropyOps } from "./crossEntropy.ts";
import { elementwiseOps } from "./elementwise.ts";
import { embeddingOps } from "./embedding.ts";
import { matmulOps } from "./matmul.ts";
import { reduceOps } from "./reduce.ts";
import { rmsNormOps } from "./rmsNorm.ts";
import { ropeOps } from "./rope.ts";
import { shapeOps } from "./shape.ts";
import { siluOps } from "./silu.ts";
import { softmaxOps } from "./softmax.ts";

/** Every op, for the tests that run over all of them. */
export const allOps = [
  ...attentionOps,
  ...crossEntropyOps,
  ...elementwiseOps,
  ...embeddingOps,
  ...matmulOps,
  ...reduceOps,
  ...rmsNormOps,
  ...ropeOps,
  ...shapeOps,
  ...siluOps,
  ...softmaxOps,
] as unknown as readonly AnyOp[];

export { causalAttention } from "./attention.ts";
export { crossEntropy } from "./crossEntropy.ts";
export * from "./elementwise.ts";
export { embedding } from "./embedding.ts";
export { linear, matmul, swapLast } from "./matmul.ts";
export { mean, meanAll, sum, sumTo } from "./reduce.ts";
export { rmsNorm } from "./rmsNorm.ts";
export { rope } from "./rope.ts";
export { expand, reshape, transpose } from "./shape.ts";
export { silu } from "./silu.ts";
export { logSoftmax, softmax } from "./softmax.ts";
