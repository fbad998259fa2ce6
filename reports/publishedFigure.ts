import { UserError } from "../formats/error.ts";
import type { CostAxis } from "./axes.ts";
import { frontierChart } from "./charts/index.ts";
import { plain } from "./escape.ts";
import type { Figure } from "./figures.ts";
import { frontier } from "./frontier.ts";
import { significant } from "./numbers.ts";
import { PAPER, publishedNetworks, publishedPoints } from "./published.ts";
import { provenance } from "./summary.ts";
import { viewTitle } from "./table.ts";
import type { View } from "./views.ts";

/** Fewer shared formats than this are no comparison. */
const enoughPublished = 3;

/**
 * The first frontier that the paper's points can lie over, of the formats the paper has; at its block of 128 where there is
 * one. Null where there is none.
 * @param wanted somebody asked for it: say so in an error instead.
 * @throws UserError naming the networks there are.
 */
export function publishedFigure(
  views: readonly View[],
  families: ReadonlySet<string>,
  network: string,
  wanted: boolean,
): Figure | null {
  if (!publishedNetworks.includes(network))
    throw new UserError(
      `published "${plain(network)}": not a network of the paper's; there are ${publishedNetworks.join(", ")}`,
    );
  const fitting = views.flatMap((view) => {
    const { x, y } = view.frontier;
    // Table 3 rounds weights only.
    const other = view.models || view.setting !== "" || view.bits !== null;
    const overlay = other ? null : publishedPoints(network, x.id, y.id);
    if (overlay === null) return [];
    const formats = new Set(overlay.points.map((point) => point.format));
    const rows = view.frontier.points.map(({ row }) => row).filter((row) => formats.has(row.element));
    return new Set(rows.map((row) => row.element)).size >= enoughPublished ? [{ view, overlay, rows }] : [];
  });
  const best = fitting.find(({ view }) => view.group === 128) ?? fitting[0];
  if (!best) {
    if (wanted)
      throw new UserError("published: no frontier of this report has formats, cost and metric of the paper's");
    return null;
  }
  const { view, overlay, rows } = best;
  const { x, y, sigmas, baseline } = view.frontier;
  const found = frontier([...(baseline ? [baseline] : []), ...rows], { x: x.id as CostAxis, y: y.id, sigmas });
  const title = `Beside the paper: ${viewTitle({ ...view, frontier: found })}`;
  const points = overlay.points.map(({ format, x: cost, y: value }) => ({
    name: format,
    x: cost,
    y: value,
    text: `published: ${format} on ${network}: ${significant(value)} (${overlay.note}), ${x.name} ${significant(cost)}`,
  }));
  return {
    id: "published",
    title,
    caption:
      `Ours: ${provenance({ ...view, frontier: found })}; bars one standard error. Crosses: published, ${PAPER}, Tables 3 and 10: ` +
      `${network}, ${overlay.note}, weights in blocks of 128, MACs with both operands in the format, TSMC 28 nm, no error bars. ` +
      "Another model, another unit, other operands: compare the order of the formats, not the heights. The paper's super-range clips the negative side, ours does not.",
    spec: frontierChart(found, families, title, {
      points,
      label: `× published: ${PAPER}, ${network}, ${overlay.unit}`,
      better: y.better,
    }),
  };
}
