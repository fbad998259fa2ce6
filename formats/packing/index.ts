export { type CodeOrder, codeOrders, exportCodes, importCodes } from "./orders.ts";
export { type Packing, packCodes, packedRowBytes, unpackCodes } from "./packCodes.ts";
export { type MatrixShape, scaleCodes, scalesOfCodes } from "./scaleCodes.ts";
