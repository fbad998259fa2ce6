import type { Row } from "../evaluate/trial/row.ts";
import { type CostAxis, costAxis, metricIds } from "./axes.ts";
import { type CombinedRow, combineModels } from "./combine.ts";
import { oneCostSource } from "./costSource.ts";
import { defaultSigmas, type Frontier, frontier, isBaseline } from "./frontier.ts";
import type { Codebook } from "./input.ts";
import { settingName } from "./settings.ts";

/** One frontier of a report: rows that may be compared, and what sets them apart from the report's other frontiers. */
export interface View {
  id: string;
  model: string;
  /** The models whose mean it is; absent where it is of one. */
  models?: string[];
  task: string;
  protocol: string;
  scope: string;
  /** What activations and cache are rounded to, in words; "" at full precision. */
  setting: string;
  /** The task in a few letters, where the report has several; else "". */
  taskName: string;
  /** Null where the frontier is over all group sizes. */
  group: Row["group"];
  /** Null where the frontier is over all bit widths. */
  bits: number | null;
  frontier: Frontier;
}

export interface ViewOptions {
  /** What people ask for first: area at each group size (a group costs bits, not gates), then bits over all of them. */
  costs?: readonly CostAxis[];
  /** Without it, what the task is about: accuracy, else divergence, else the loss, else the perplexity. */
  metric?: string | undefined;
  /** How many standard errors count as a difference; 2 without it. */
  sigmas?: number;
}

const defaultCosts: readonly CostAxis[] = ["areaGe", "bitsPerWeight"];
const defaultMetrics = ["acc", "kl", "deltaLoss", "perplexity"];

/** Costs of the MAC alone: a frontier for each group size. The others count the scales' bits, so that group sizes compete. */
const macCosts: readonly CostAxis[] = ["areaGe", "areaUm2", "delayPs", "energyFj"];

/** A bit width gets a frontier of its own when at least this many formats have it, and not all. */
const enoughOfOneWidth = 5;

/**
 * Splits rows into sets that may be compared (one model, task, protocol, scope, setting and cost source each) and draws the
 * frontier of each, before them those of the mean over models, where several did the same task; area against loss also for
 * the commonest bit width by itself, which a sweep from 3 to 8 bits would press into a corner.
 */
export function views(
  rows: readonly Row[],
  codebooks: readonly Codebook[] = [],
  { costs = defaultCosts, metric, sigmas = defaultSigmas }: ViewOptions = {},
): View[] {
  const result: View[] = [];
  const widths = elementBits(codebooks);
  const several = new Set(rows.map((row) => row.task)).size > 1;
  for (const arena of arenas(oneCostSource(rows))) {
    const { model, task, protocol } = arena[0]!;
    const baseline = arena.filter(isBaseline);
    const candidates = arena.filter((row) => !isBaseline(row));
    const { scope } = candidates[0] ?? arena[0]!;
    const setting = candidates[0] ? settingName(candidates[0]) : "";
    const measured = metricIds(candidates);
    const y = metric ?? defaultMetrics.find((id) => measured.includes(id)) ?? "perplexity";
    const models = "parts" in arena[0]! ? (arena[0] as CombinedRow).parts.map((row) => row.model) : undefined;
    const add = (x: CostAxis, set: Row[], group: Row["group"], bits: number | null) => {
      const found = frontier([...baseline, ...set], { x, y, sigmas });
      if (found.points.length === 0) return;
      const id = `frontier-${result.length + 1}`;
      const taskName = several ? shortTask(task) : "";
      const what = { id, model, task, taskName, protocol, scope, setting, group, bits };
      result.push({ ...what, ...(models && { models }), frontier: found });
    };
    for (const x of costs) {
      const axis = costAxis(x, candidates);
      const groups = macCosts.includes(x) ? partition(candidates, (row) => String(row.group)) : [candidates];
      for (const group of groups.sort((a, b) => groupOrder(b[0]) - groupOrder(a[0]))) {
        for (const set of partition(group, axis.basis)) {
          if (!macCosts.includes(x)) {
            add(x, set, null, null);
            continue;
          }
          add(x, set, set[0]!.group, null);
          const width = commonest(set.map((row) => widths.get(row.element) ?? null));
          const sameWidth = set.filter((row) => widths.get(row.element) === width);
          if (width !== null && sameWidth.length >= enoughOfOneWidth && sameWidth.length < set.length)
            add(x, sameWidth, set[0]!.group, width);
        }
      }
    }
  }
  return result;
}

/** Rows that may be compared, each set with its full-precision row, which belongs to every scope and setting; means over models first. */
function arenas(rows: readonly Row[]): Row[][] {
  const contests = partition(rows, (row) => JSON.stringify([row.task, row.protocol]));
  return contests.flatMap((contest) => {
    const models = partition(contest, (row) => row.modelSha256);
    return [combineModels(contest), ...models].flatMap((set) => {
      const baseline = set.filter(isBaseline);
      const candidates = set.filter((row) => !isBaseline(row));
      const settings = partition(candidates, (row) => JSON.stringify([row.scope, settingName(row)]));
      return settings.map((part) => [...baseline, ...part]);
    });
  });
}

/** `lambada:/data/lambada.jsonl` is `lambada:lambada.jsonl`. */
function shortTask(task: string): string {
  return task.replace(/^([^:]*:).*[\\/]/s, "$1");
}

/** Bits of one code of each element, by the codebook's id; 15 or 16 values need 4. */
function elementBits(codebooks: readonly Codebook[]): Map<string, number> {
  return new Map(codebooks.map(({ id, bits, values }) => [id, bits ?? Math.ceil(Math.log2(values.length))]));
}

function commonest(values: (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  const parts = partition(known, String).sort((a, b) => b.length - a.length);
  return parts[0]?.[0] ?? null;
}

/** `g128`, `per row`, `per tensor`. */
export function groupName(group: Row["group"]): string {
  return group === null ? "" : typeof group === "number" ? `g${group}` : `per ${group}`;
}

/**
 * The shortest names that tell rows apart: the element, else the format id, with method, setting, seed, model and task where
 * needed.
 * @returns a map from the row's key to its name.
 */
export function rowNames(rows: readonly Row[]): Map<string, string> {
  const what = (row: Row) => [row.format, row.method, settingName(row)].filter(Boolean).join(" ");
  const readers: ((row: Row) => string)[] = [
    (row) => row.element,
    (row) => row.format,
    (row) => `${row.format} ${row.method}`,
    what,
    (row) => `${what(row)} seed ${row.seed}`,
    (row) => `${what(row)} seed ${row.seed} ${row.model} ${row.task}`,
  ];
  const read =
    readers.find((reader) => new Set(rows.map(reader)).size === rows.length) ??
    ((row: Row) => `${row.format} ${row.method} ${row.key.slice(0, 8)}`);
  return new Map(rows.map((row) => [row.key, read(row)]));
}

function groupOrder(row: Row | undefined): number {
  return typeof row?.group === "number" ? row.group : Number.POSITIVE_INFINITY;
}

function partition<T>(items: readonly T[], key: (item: T) => string | null): T[][] {
  const parts = new Map<string | null, T[]>();
  for (const item of items) {
    const part = parts.get(key(item));
    if (part) part.push(item);
    else parts.set(key(item), [item]);
  }
  return [...parts.values()];
}
