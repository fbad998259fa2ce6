import { plain } from "./escape.ts";
import type { Section } from "./report.ts";
import { sentence } from "./summary.ts";
import { frontierTable, type Table } from "./table.ts";
import type { View } from "./views.ts";

/** Columns of text, aligned: words left, figures right, one blank line around. Free of control characters. */
export function terminalTable(table: Table): string {
  const lines = [table.columns.map((column) => column.name), ...table.rows.map((row) => row.map((cell) => cell.text))];
  const cells = lines.map((line) => line.map(plain));
  const widths = table.columns.map((_, i) => Math.max(...cells.map((line) => [...line[i]!].length)));
  const pad = (text: string, i: number) => {
    const room = " ".repeat(widths[i]! - [...text].length);
    return table.columns[i]!.numeric ? room + text : text + room;
  };
  const rule = widths.map((width) => "─".repeat(width));
  return [cells[0]!, rule, ...cells.slice(1)].map((line) => line.map(pad).join("  ").trimEnd()).join("\n");
}

/** The frontier as text for stdout: its answer in a sentence, then the frontier rows and their ties. */
export function terminalFrontier(view: View): string {
  return `${plain(sentence(view))}\n\n${terminalTable(frontierTable(view))}\n`;
}

/** A section without its chart, as text for stdout. */
export function terminalText({ heading, text, table }: Section): string {
  const lines = [plain(heading), ...(text === null ? [] : [plain(text)])];
  return `${[...lines, ...(table && table.rows.length > 0 ? [terminalTable(table)] : [])].join("\n\n")}\n`;
}
