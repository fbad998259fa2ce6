export { type Axis, type CostAxis, costAxes, type LossAxis, lossAxes } from "./axes.ts";
export * from "./charts/index.ts";
export { oneCostSource } from "./costSource.ts";
export { rowsToArrow, rowsToCsv } from "./export.ts";
export { type Figure, frontierFigure, otherFigures } from "./figures.ts";
export {
  defaultSigmas,
  type Frontier,
  type FrontierOptions,
  type FrontierPoint,
  frontier,
  lossDifference,
  type Status,
} from "./frontier.ts";
export { htmlReport } from "./html.ts";
export { type Codebook, checkRows, type ReportInput } from "./input.ts";
export { markdownReport, markdownTable } from "./markdown.ts";
export { type PairedDifference, pairedDifference } from "./paired.ts";
export { sentence } from "./summary.ts";
export { renderSvg, type SvgOptions } from "./svg.ts";
export { frontierTable, fullTable, type Table } from "./table.ts";
export { terminalFrontier, terminalTable } from "./terminal.ts";
export { type View, views } from "./views.ts";
export { type WrittenReport, writeReport } from "./write.ts";
