import { createHash } from "node:crypto";
import { compileSpec } from "./compile.ts";
import { html } from "./escape.ts";
import { rowsToArrow, rowsToCsv } from "./export.ts";
import type { Figure } from "./figures.ts";
import type { ReportInput } from "./input.ts";
import { pageScript } from "./pageScript.ts";
import { pageStyle } from "./pageStyle.ts";
import type { Report } from "./report.ts";
import { renderSvg } from "./svg.ts";
import type { Table } from "./table.ts";

/**
 * The report as one HTML page that opens from disk: charts are inline SVG, data are inside as downloads, and its content
 * security policy lets it load nothing and run only its own two scripts, whatever the rows contain.
 * @param runtime the chart runtime's code, which redraws the charts so that they answer to the pointer; without it the page is static.
 */
export async function htmlReport(report: Report, runtime: string | null = null): Promise<string> {
  const { input, sections } = report;
  const figures = sections.flatMap(({ figure }) => (figure ? [figure] : []));
  const parts: string[] = [];
  for (const { heading, text, figure, table } of sections) {
    const said = text === null ? "" : `<p>${html(text)}</p>`;
    const chart = figure ? await figureHtml(figure) : "";
    parts.push(section(heading, `${said}${chart}${table && table.rows.length > 0 ? tableHtml(table, "") : ""}`));
  }
  parts.push(section("All rows", tableHtml(report.rows, "sortable", "tall")));
  if (report.notes.length > 0)
    parts.push(section("Notes", `<ul>${report.notes.map((note) => `<li>${html(note)}</li>`).join("")}</ul>`));
  parts.push(section("How it was made", making(input)));
  const scripts = [pageScript, ...(runtime === null ? [] : [runtime])];
  const hashes = scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`).join(" ");
  const charts = runtime === null ? "" : await chartData(figures);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src ${hashes}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(report.title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>${html(report.title)}</h1>
<p class="answer">${html(report.answer)}</p>
<p class="meta">${html(report.meta)}</p>
<p class="downloads">${await downloads(input)}</p>
</header>
<main>
${parts.join("\n")}
</main>
${charts}${scripts.map((script) => `<script>${script}</script>`).join("\n")}
</body>
</html>
`;
}

/** The charts as the runtime takes them. In JSON only `<` could end the element, and it can be written otherwise. */
async function chartData(figures: readonly Figure[]): Promise<string> {
  const specs: Record<string, object> = {};
  for (const { id, spec } of figures) specs[id] = await compileSpec(spec, id);
  return `<script type="application/json" id="chart-data">${JSON.stringify(specs).replaceAll("<", "\\u003c")}</script>\n`;
}

function section(heading: string, content: string): string {
  return `<section>\n<h2>${html(heading)}</h2>\n${content}\n</section>`;
}

async function figureHtml(figure: Figure): Promise<string> {
  const caption = `${figure.id}-caption`;
  const svg = await renderSvg(figure.spec, { id: figure.id, labelledBy: caption, title: figure.title });
  return (
    `<figure><div class="chart" data-chart="${html(figure.id)}" tabindex="0" role="group" aria-label="${html(figure.title)}">${svg}</div>` +
    `<figcaption id="${caption}">${html(figure.caption)}</figcaption></figure>`
  );
}

/** A real table: scoped heads, the first cell of a row as its head, and a scrolling frame that the keyboard reaches. */
export function tableHtml(table: Table, kind: string, frame = ""): string {
  const head = table.columns.map(
    (column) => `<th scope="col"${column.numeric ? ' class="number"' : ""}>${html(column.name)}</th>`,
  );
  const status = table.columns.findIndex((column) => column.name === "status");
  const body = table.rows.map((row) => {
    const cells = row.map((cell, i) => {
      const wrap = table.columns[i]!.name === "notes" ? "wrap" : "";
      const classes = [table.columns[i]!.numeric ? "number" : "", i === status ? "status" : "", wrap].filter(Boolean);
      const attributes = [
        ...(classes.length > 0 ? [` class="${classes.join(" ")}"`] : []),
        ...(cell.value === null ? [] : [` data-value="${html(String(cell.value))}"`]),
      ].join("");
      return i === 0
        ? `<th scope="row"${attributes}>${html(cell.text)}</th>`
        : `<td${attributes}>${html(cell.text)}</td>`;
    });
    return `<tr${row[status]?.text === "frontier" ? ' class="frontier"' : ""}>${cells.join("")}</tr>`;
  });
  const label = html(table.caption);
  return (
    `<div class="scroll ${frame}" role="region" tabindex="0" aria-label="${label}"><table class="${kind}">` +
    `<caption><span>${label}</span></caption><thead><tr>${head.join("")}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table></div>`
  );
}

function making(input: ReportInput): string {
  const seeds = [...new Set(input.rows.map((row) => row.seed))].join(", ");
  const models = [...new Map(input.rows.map((row) => [row.modelSha256, row.model]))];
  const items: [string, string][] = [
    ["command", `<code>${html(input.command)}</code>`],
    ["made", html(input.createdAt)],
    [
      "versions",
      html(
        Object.entries(input.versions)
          .map((pair) => pair.join(" "))
          .join(", "),
      ),
    ],
    ["seed", html(seeds)],
    ...models.map(([sha256, model]): [string, string] => [
      "model",
      `${html(model)}, SHA-256 <code>${html(sha256)}</code>`,
    ]),
  ];
  const list = items.map(([term, text]) => `<dt>${term}</dt><dd>${text}</dd>`).join("");
  return `<dl>${list}</dl><pre>${html(JSON.stringify(input.config, null, 2))}</pre>`;
}

async function downloads(input: ReportInput): Promise<string> {
  const arrow = Buffer.from(await rowsToArrow(input.rows)).toString("base64");
  const csv = Buffer.from(rowsToCsv(input.rows)).toString("base64");
  return (
    `<a download="results.csv" href="data:text/csv;base64,${csv}">Data as CSV</a>` +
    `<a download="results.arrow" href="data:application/vnd.apache.arrow.file;base64,${arrow}">Data as Arrow</a>`
  );
}
