import { type MetricAxis, metricAxis } from "./axes.ts";
import type { Change, Changes, Move } from "./changes.ts";
import { changesChart } from "./charts/changes.ts";
import type { Figure } from "./figures.ts";
import { withSigma } from "./numbers.ts";
import { settingName } from "./settings.ts";
import { type Table, tableOf, viewTitle } from "./table.ts";
import { rowNames } from "./views.ts";

/** Differences drawn at most: the largest, in standard errors. The table has as many, the journals all. */
const shownChanges = 40;

/** `Of 56 trials in both, 50 are the same to the last bit, …` */
export function changesSentence({ trials, appeared, vanished, moves, frontiers, sigmas, metric }: Changes): string {
  const count = (verdict: Change["verdict"]) => trials.filter((trial) => trial.verdict === verdict).length;
  const unpaired = trials.filter((trial) => trial.mean !== null && !trial.paired).length;
  const others = new Set(trials.filter((trial) => trial.otherWeights).map((trial) => trial.row.model));
  const unknown = count("unknown");
  const compared = trials.length - count("same") - unknown;
  return [
    `Of ${trials.length} trials in both sweeps, ${count("same")} are the same in every window; ` +
      `${count("better")} got better and ${count("worse")} worse in ${metricAxis(metric).word} by more than ${sigmas} σ, ${count("within")} changed within it`,
    ...(compared > 1 ? [`${sigmas} σ is crossed by chance in one of twenty`] : []),
    ...(unpaired > 0 ? [`${unpaired} read other windows and are compared as independent`] : []),
    ...(unknown > 0 ? [`${unknown} cannot be compared`] : []),
    ...(others.size > 0 ? [`the weights of ${[...others].join(", ")} are others than before`] : []),
    `${appeared.length} appeared, ${vanished.length} vanished; ${
      frontiers === 0
        ? "the two have no frontier of the same settings and cost source"
        : `${moves.length} changed their place in one of ${frontiers} frontiers`
    }`,
  ]
    .join("; ")
    .concat(".");
}

/** The trials that changed at all (of many, the surest), in order of the change, with bars; null where none did. */
export function changesFigure(changes: Changes, other: string): Figure | null {
  const shown = largest(changes);
  if (shown.length === 0) return null;
  const axis = metricAxis(changes.metric);
  const names = rowNames(shown.map(({ row }) => row));
  const title = `Change of ${axis.word} against ${other}`;
  const { model, protocol, scope, windows } = shown[0]!.row;
  const models = new Set(shown.map(({ row }) => row.model)).size > 1 ? "" : `${model}, `;
  return {
    id: "changes",
    title,
    caption:
      `Difference in ${quantity(axis)}, now minus before, paired over windows where both read the same; bars two standard errors. Solid: beyond ` +
      `${changes.sigmas} σ; hollow: within. ${axis.better === "low" ? "Left" : "Right"} of the rule is better. ${models}protocol ${protocol}, scope ${scope}, n = ${windows} windows.`,
    spec: changesChart(
      shown.map((change) => ({
        name: names.get(change.row.key)!,
        mean: change.mean!,
        sigma: change.sigma!,
        verdict: change.verdict,
      })),
      `${quantity(axis)}, now − before`,
      title,
    ),
  };
}

/** What a reader has to know one by one: significant changes, moves in a frontier, rows that came or went. */
export function changesTable(changes: Changes): Table {
  type Line = { what: string; row: Change["row"]; change?: Change; move?: Move };
  const significant = changes.trials.filter(({ verdict }) => verdict === "better" || verdict === "worse");
  const lines: Line[] = [
    ...significant.map((change): Line => ({ what: change.verdict, row: change.row, change })),
    ...changes.trials
      .filter(({ verdict }) => verdict === "unknown")
      .map((change): Line => ({ what: `not comparable: ${change.reason}`, row: change.row, change })),
    ...changes.moves.map((move): Line => ({ what: `${move.from} → ${move.to}`, row: move.row, move })),
    ...changes.appeared.map((row): Line => ({ what: "appeared", row })),
    ...changes.vanished.map((row): Line => ({ what: "vanished", row })),
  ];
  const axis = metricAxis(changes.metric);
  const cell = (value: string) => ({ text: value, value });
  const settings = lines.some(({ row }) => settingName(row) !== "");
  return tableOf(
    "Significant changes, moves in a frontier, trials that appeared or vanished",
    [
      { name: "format", cell: ({ row }: Line) => cell(row.format) },
      { name: "method", cell: ({ row }: Line) => cell(row.method) },
      ...(settings ? [{ name: "setting", cell: ({ row }: Line) => cell(settingName(row)) }] : []),
      { name: "model", cell: ({ row }: Line) => cell(row.model) },
      { name: "task", cell: ({ row }: Line) => cell(row.task) },
      { name: "change", cell: ({ what }: Line) => cell(what) },
      {
        name: `Δ ${quantity(axis)}`,
        numeric: true,
        cell: ({ change }: Line) => ({
          text: change ? withSigma(change.mean, change.sigma) : "",
          value: change?.mean ?? null,
        }),
      },
      { name: "where", cell: ({ move }: Line) => cell(move ? viewTitle(move.view) : "") },
    ],
    lines,
  );
}

/** What a difference between two sweeps is in: rows are compared by their losses, also where the metric is a function of them. */
function quantity({ id, name }: MetricAxis): string {
  return id === "deltaLoss" || id === "perplexity" ? "loss (nats/token)" : name;
}

function largest({ trials }: Changes): Change[] {
  const size = ({ mean, sigma }: Change) => Math.abs(mean!) / (sigma! || Number.MIN_VALUE);
  return trials
    .filter(({ verdict, mean }) => verdict !== "same" && mean !== null)
    .sort((a, b) => size(b) - size(a))
    .slice(0, shownChanges)
    .sort((a, b) => a.mean! - b.mean!);
}
