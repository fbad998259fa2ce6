export { type CodedCodebook, type CodedOperand, codedOperand, type LookupTable } from "./codes.ts";
export { type DotOptions, type DotRtl, dotVerilog } from "./dot.ts";
export { float32Sum } from "./float32.ts";
export {
  type Float32UnitOptions,
  type Float32UnitRtl,
  float32Structures,
  float32UnitVerilog,
} from "./float32Unit.ts";
export type { AdderStyle } from "./heap.ts";
export { type MacRtl, macStructures, macVerilog, type RtlOptions } from "./mac.ts";
export { BLOCK_SCALES, type BlockScale, blockScale, formatScale, scaleBits } from "./scales.ts";
export type { UnitOperand, UnitPort } from "./unitSides.ts";
