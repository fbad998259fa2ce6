import { markdown, plain } from "./escape.ts";
import type { Figure } from "./figures.ts";
import type { Report } from "./report.ts";
import type { Table } from "./table.ts";

/** A GitHub table, padded so that it also reads as plain text (as lm-eval prints its results). */
export function markdownTable(table: Table): string {
  const lines = [table.columns.map((column) => column.name), ...table.rows.map((row) => row.map((cell) => cell.text))];
  const cells = lines.map((line) => line.map(markdown));
  const widths = table.columns.map((_, i) => Math.max(3, ...cells.map((line) => [...line[i]!].length)));
  const render = (line: string[]) =>
    `|${line
      .map((text, i) => {
        const room = " ".repeat(widths[i]! - [...text].length);
        return table.columns[i]!.numeric ? room + text : text + room;
      })
      .join("|")}|`;
  const rule = `|${widths.map((width, i) => (table.columns[i]!.numeric ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join("|")}|`;
  return [render(cells[0]!), rule, ...cells.slice(1).map(render)].join("\n");
}

/** The report as Markdown that pastes into an issue; charts are linked as `charts/ID.svg` beside it. */
export function markdownReport({ input, sections, rows, notes, answer }: Report): string {
  const parts = sections.map(({ heading, text, figure, table, provenance }, i) =>
    [
      `## ${markdown(heading)}`,
      ...(text === null ? (i === 0 ? [markdown(answer)] : []) : [markdown(text)]),
      ...(table && table.rows.length > 0 ? [markdownTable(table)] : []),
      ...(figure ? [image(figure)] : []),
      ...(provenance ? [markdown(provenance)] : figure ? [markdown(figure.caption)] : []),
    ].join("\n\n"),
  );
  const versions = Object.entries(input.versions).map(([name, version]) => `${markdown(name)} ${markdown(version)}`);
  return `${[
    "# bitfrontier report",
    `${markdown(input.createdAt)}, ${versions.join(", ")}; made by ${codeSpan(input.command)}`,
    ...parts,
    `## All rows\n\n${markdown(rows.caption)}.\n\n${markdownTable(rows)}`,
    ...(notes.length > 0 ? [`## Notes\n\n${notes.map((note) => `- ${markdown(note)}`).join("\n")}`] : []),
  ].join("\n\n")}\n`;
}

function image(figure: Figure): string {
  return `![${markdown(figure.title)}](charts/${figure.id}.svg)`;
}

/** Code in backticks; a run of backticks inside needs a longer one outside (CommonMark 6.1). */
function codeSpan(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const line = plain(text);
  return longest > 0 ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}
