export type { About } from "./about.ts";
export { bitsPerWeight, type StorageBits, storageBits } from "./bitsPerWeight.ts";
export { type Blocking, type BlockingOptions, blockingOf } from "./blocking.ts";
export { defaultSweepElements } from "./defaultSweep.ts";
export { type Element, type Family, hasEqualEnds, type TieRule } from "./element.ts";
export type { ElementFamily } from "./elements/family.ts";
export { addFamily, elementFamilies, getElement, isElementId, listElements } from "./elements/index.ts";
export { UserError } from "./error.ts";
export { fakeQuantize, type RoundingError } from "./fakeQuantize.ts";
export {
  type CoderId,
  DEFAULT_GROUP,
  type Format,
  formatId,
  type Group,
  groupId,
  makeFormat,
  parseFormat,
} from "./format.ts";
export type { GroupFit } from "./groupFit.ts";
export { listFormats } from "./listFormats.ts";
export { type NamedFormat, namedFormat } from "./named/index.ts";
export { type Operand, operandsOf } from "./operands.ts";
export { normalQuantile, studentDensity, studentQuantile, studentTail } from "./quantiles.ts";
export { dequantize, type Quantized, quantize } from "./quantize.ts";
export { type GroupQuantizer, groupQuantizerOf, type Quantizer, quantizerOf } from "./quantizer.ts";
export { type ScaleRuleId, scaleRules } from "./scaleRules.ts";
export { type ScaleStoreId, scaleStores } from "./scaleStores.ts";
export type { Objective, Selector } from "./selector.ts";
export { nearest } from "./suggest.ts";
