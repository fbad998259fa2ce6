export { type BlockScale, type BlockUnitOptions, type BlockUnitRtl, blockUnitVerilog } from "./blockUnit.ts";
export { type CodedCodebook, type CodedOperand, codedOperand } from "./codes.ts";
export { type DotOptions, type DotRtl, dotVerilog } from "./dot.ts";
export { float32Sum } from "./float32.ts";
export type { AdderStyle } from "./heap.ts";
export { type MacRtl, macStructures, macVerilog, type RtlOptions } from "./mac.ts";
