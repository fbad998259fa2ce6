import { html } from "../escape.ts";
import { familiesOf, frontierFigure } from "../figures.ts";
import { tableHtml } from "../html.ts";
import type { ReportInput } from "../input.ts";
import { sentence } from "../summary.ts";
import { renderSvg } from "../svg.ts";
import { frontierTable, fullTable, viewTitle } from "../table.ts";
import { views } from "../views.ts";

/** How far a running sweep is. */
export interface LiveState {
  /** What a report of the rows so far would be made from. */
  input: Pick<ReportInput, "rows" | "codebooks">;
  total: number;
  /** One line a failed trial. */
  failures: readonly string[];
  /** Set when no more will come. */
  finished: boolean;
}

/** Charts of a page that is drawn again with every row: more of them would keep the sweep from its work. */
const CHARTS_MAX = 4;

/** What the live page shows of a state: progress, the first frontiers as charts and tables, all rows. */
export async function liveFragment({ input, total, failures, finished }: LiveState): Promise<string> {
  const { rows, codebooks } = input;
  const found = views(rows, codebooks);
  const families = familiesOf(rows);
  const done = rows.length;
  const state = finished ? "finished" : "running";
  const sections = [
    `<p class="meta" role="status">${done} of ${total} trials done${failures.length > 0 ? `, ${failures.length} failed` : ""}, ${state}</p>`,
    `<progress max="${total}" value="${done}">${done} of ${total}</progress>`,
  ];
  for (const view of found.slice(0, CHARTS_MAX)) {
    const figure = frontierFigure(view, families);
    const caption = `${figure.id}-caption`;
    const svg = await renderSvg(figure.spec, { id: figure.id, labelledBy: caption, title: figure.title });
    const chart = `<figure><div class="chart">${svg}</div><figcaption id="${caption}">${html(figure.caption)}</figcaption></figure>`;
    const heading = `<h2>${html(viewTitle(view))}</h2><p>${html(sentence(view))}</p>`;
    sections.push(`<section>${heading}${chart}${tableHtml(frontierTable(view), "")}</section>`);
  }
  if (failures.length > 0)
    sections.push(
      `<section><h2>Failed</h2><ul>${failures.map((line) => `<li>${html(line)}</li>`).join("")}</ul></section>`,
    );
  if (done > 0) sections.push(`<section><h2>All rows</h2>${tableHtml(fullTable(rows, found), "", "tall")}</section>`);
  return sections.join("\n");
}
