import { createHash } from "node:crypto";
import { html } from "./escape.ts";
import { rowsToArrow, rowsToCsv } from "./export.ts";
import { type Figure, familiesOf, frontierFigure, otherFigures } from "./figures.ts";
import type { ReportInput } from "./input.ts";
import { pageScript } from "./pageScript.ts";
import { pageStyle } from "./pageStyle.ts";
import { baselineText, cautions, sentence } from "./summary.ts";
import { renderSvg } from "./svg.ts";
import { frontierTable, fullTable, type Table, viewTitle } from "./table.ts";
import { type View, views } from "./views.ts";

/**
 * The report as one HTML page that opens from disk: charts are inline SVG, data are inside as downloads, and its content
 * security policy lets it load nothing and run only its own sorting script, whatever the rows contain.
 */
export async function htmlReport(
  input: ReportInput,
  found: readonly View[] = views(input.rows, input.codebooks),
): Promise<string> {
  const families = familiesOf(input.rows);
  const sections: string[] = [];
  for (const [i, view] of found.entries()) {
    const chart = await figureHtml(frontierFigure(view, families));
    const said = i === 0 ? "" : `<p>${html(sentence(view))}</p>`;
    sections.push(section(viewTitle(view), `${said}${chart}${tableHtml(frontierTable(view), "")}`));
  }
  for (const figure of otherFigures(input, found)) sections.push(section(figure.title, await figureHtml(figure)));
  sections.push(section("All rows", tableHtml(fullTable(input.rows, found), "sortable", "tall")));
  const notes = cautions(input.rows, found);
  if (notes.length > 0)
    sections.push(section("Notes", `<ul>${notes.map((note) => `<li>${html(note)}</li>`).join("")}</ul>`));
  sections.push(section("How it was made", making(input)));
  const answer = found[0]
    ? sentence(found[0])
    : "No row has both a loss with an error bar and a cost: there is no frontier to draw.";
  const hash = createHash("sha256").update(pageScript).digest("base64");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${html(title(input, found))}</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>${html(title(input, found))}</h1>
<p class="answer">${html(answer)}</p>
<p class="meta">${html(meta(input, found))}</p>
<p class="downloads">${await downloads(input)}</p>
</header>
<main>
${sections.join("\n")}
</main>
<script>${pageScript}</script>
</body>
</html>
`;
}

function title(input: ReportInput, found: readonly View[]): string {
  const models = [...new Set((found.length > 0 ? found : input.rows).map((item) => item.model))];
  return models.length > 0 ? `The accuracy–cost frontier of ${models.join(", ")}` : "bitfrontier report";
}

function meta(input: ReportInput, found: readonly View[]): string {
  const baselines = new Map<string, string>();
  for (const view of found) {
    const text = baselineText(view);
    if (text !== null) baselines.set(`${view.model}, ${view.task} (${view.protocol})`, text);
  }
  const references = [...baselines].map(([where, text]) => `fp32 perplexity ${text} on ${where}`);
  return [`${input.rows.length} rows`, input.createdAt, ...references].join(" · ");
}

function section(heading: string, content: string): string {
  return `<section>\n<h2>${html(heading)}</h2>\n${content}\n</section>`;
}

async function figureHtml(figure: Figure): Promise<string> {
  const caption = `${figure.id}-caption`;
  const svg = await renderSvg(figure.spec, { id: figure.id, labelledBy: caption, title: figure.title });
  return `<figure><div class="chart">${svg}</div><figcaption id="${caption}">${html(figure.caption)}</figcaption></figure>`;
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
