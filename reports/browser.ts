/** @file What of reports/ runs in a browser: all but the writing of files. Notebooks and live pages use it. */
export { costAxis, costIds, type MetricAxis, metricAxis, metricIds } from "./axes.ts";
export * from "./charts/index.ts";
export { rowsFromArrow } from "./fromArrow.ts";
export { frontier } from "./frontier.ts";
export { publishedBothOperands, publishedNetworks } from "./published.ts";
export { composeReport } from "./report.ts";
export { sentence as frontierSentence } from "./summary.ts";
export { frontierTable, fullTable } from "./table.ts";
export { views } from "./views.ts";
