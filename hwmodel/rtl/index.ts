export { type CodedCodebook, type CodedOperand, codedOperand } from "./codes.ts";
export { type DotOptions, type DotRtl, dotVerilog } from "./dot.ts";
export type { AdderStyle } from "./heap.ts";
export { type MacRtl, macStructures, macVerilog, type RtlOptions } from "./mac.ts";
