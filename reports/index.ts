export { type Axis, type CostAxis, costAxis, costIds, type MetricAxis, metricAxis, metricIds } from "./axes.ts";
export { type Change, type Changes, changesBetween } from "./changes.ts";
export * from "./charts/index.ts";
export { type CombinedRow, combineModels } from "./combine.ts";
export { type Difference, difference } from "./compare.ts";
export { oneCostSource } from "./costSource.ts";
export { rowsToArrow, rowsToCsv } from "./export.ts";
export { type Figure, frontierFigure, otherFigures } from "./figures.ts";
export { rowsFromArrow } from "./fromArrow.ts";
export {
  defaultSigmas,
  type Frontier,
  type FrontierOptions,
  type FrontierPoint,
  frontier,
  type Status,
} from "./frontier.ts";
export { htmlReport } from "./html.ts";
export { type Codebook, checkRows, type ReportInput } from "./input.ts";
export { markdownReport, markdownTable } from "./markdown.ts";
export { pageRuntime } from "./pageRuntime.ts";
export { type PairedDifference, pairedDifference } from "./paired.ts";
export { renderPng } from "./png.ts";
export { publishedNetworks } from "./published.ts";
export { composeReport, type Report, type ReportOptions, type Section } from "./report.ts";
export { sentence } from "./summary.ts";
export { renderSvg, type SvgOptions } from "./svg.ts";
export { frontierTable, fullTable, type Table } from "./table.ts";
export { terminalFrontier, terminalTable, terminalText } from "./terminal.ts";
export { type View, type ViewOptions, views } from "./views.ts";
export { type WriteOptions, type WrittenReport, writeReport, writeWhole } from "./write.ts";
