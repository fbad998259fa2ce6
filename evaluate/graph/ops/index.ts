import type { AnyOp } from "../op.ts";
import { attentionOps } from "./attention.ts";
import { crossEntropyOps } from "./crossEntropy.ts";
import { distillationOps } from "./distillation.ts";
import { elementwiseOps } from "./elementwise.ts";
import { embeddingOps } from "./embedding.ts";
import { fakeQuantizeOps } from "./fakeQuantize.ts";
import { fakeQuantizeLearnedOps } from "./fakeQuantizeLearned.ts";
import { fakeQuantizeStaticOps } from "./fakeQuantizeStatic.ts";
import { geluOps } from "./gelu.ts";
import { layerNormOps } from "./layerNorm.ts";
import { matmulOps } from "./matmul.ts";
import { reduceOps } from "./reduce.ts";
import { reluOps } from "./relu.ts";
import { rmsNormOps } from "./rmsNorm.ts";
import { ropeOps } from "./rope.ts";
import { shapeOps } from "./shape.ts";
import { siluOps } from "./silu.ts";
import { softmaxOps } from "./softmax.ts";

/** Every op, for the tests that run over all of them. */
export const allOps = [
  ...attentionOps,
  ...crossEntropyOps,
  ...distillationOps,
  ...elementwiseOps,
  ...embeddingOps,
  ...fakeQuantizeOps,
  ...fakeQuantizeLearnedOps,
  ...fakeQuantizeStaticOps,
  ...geluOps,
  ...layerNormOps,
  ...matmulOps,
  ...reduceOps,
  ...reluOps,
  ...rmsNormOps,
  ...ropeOps,
  ...shapeOps,
  ...siluOps,
  ...softmaxOps,
] as unknown as readonly AnyOp[];

export { type AttentionOptions, causalAttention } from "./attention.ts";
export { attentionStep, type Past } from "./attentionStep.ts";
export { crossEntropy } from "./crossEntropy.ts";
export { forwardKl, reverseKl, softCrossEntropy } from "./distillation.ts";
export * from "./elementwise.ts";
export { embedding } from "./embedding.ts";
export { type FakeQuantizeOptions, fakeQuantize, type RoundingGradient } from "./fakeQuantize.ts";
export { endsOf, fakeQuantizeLearned } from "./fakeQuantizeLearned.ts";
export { fakeQuantizeStatic } from "./fakeQuantizeStatic.ts";
export { gelu, geluTanh } from "./gelu.ts";
export { layerNorm } from "./layerNorm.ts";
export { linear, matmul, swapLast } from "./matmul.ts";
export { mean, meanAll, sum, sumTo } from "./reduce.ts";
export { relu } from "./relu.ts";
export { rmsNorm } from "./rmsNorm.ts";
export { rope } from "./rope.ts";
export { concat, expand, reshape, slice, transpose } from "./shape.ts";
export { silu } from "./silu.ts";
export { logSoftmax, softmax } from "./softmax.ts";
