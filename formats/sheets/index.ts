export { aboutElement, aboutFormat } from "./about.ts";
export { type CodebookSheet, type FormatSheet, formatSheet, renderSheet } from "./sheet.ts";
export { elementGrammars, formatTable } from "./table.ts";
