import type { Row } from "../evaluate/row.ts";
import { type CostAxis, costAxes, type LossAxis } from "./axes.ts";
import { oneCostSource } from "./costSource.ts";
import { type Frontier, frontier, isBaseline, settingName } from "./frontier.ts";
import type { Codebook } from "./input.ts";

/** One frontier of a report: rows that may be compared, and what sets them apart from the report's other frontiers. */
export interface View {
  id: string;
  model: string;
  task: string;
  protocol: string;
  scope: string;
  /** What activations and cache are rounded to, in words; "" at full precision. */
  setting: string;
  /** Null where the frontier is over all group sizes. */
  group: Row["group"];
  /** Null where the frontier is over all bit widths. */
  bits: number | null;
  frontier: Frontier;
}

/** What people ask for first: area at each group size (a group costs bits, not gates), then bits over all of them. */
const defaultAxes: readonly CostAxis[] = ["areaGe", "bitsPerWeight"];

/** A bit width gets a frontier of its own when at least this many formats have it, and not all. */
const enoughOfOneWidth = 5;

/**
 * Splits rows into sets that may be compared (one model, task, protocol, scope, setting and cost source each) and draws the
 * frontier of each; area against loss also for the commonest bit width by itself, which a sweep from 3 to 8 bits would
 * press into a corner. The loss is the paired difference to the fp32 row where there is one, else the perplexity.
 */
export function views(
  rows: readonly Row[],
  codebooks: readonly Codebook[] = [],
  axes: readonly CostAxis[] = defaultAxes,
): View[] {
  const costed = oneCostSource(rows);
  const result: View[] = [];
  const widths = elementBits(codebooks);
  const arenaOf = (row: Row) => JSON.stringify([row.modelSha256, row.task, row.protocol, row.scope]);
  // The unquantized model is the reference of every setting.
  const arenas = partition(
    costed.filter((row) => !isBaseline(row)),
    (row) => JSON.stringify([arenaOf(row), settingName(row)]),
  );
  for (const candidates of arenas) {
    const { model, task, protocol, scope } = candidates[0]!;
    const setting = settingName(candidates[0]!);
    const baseline = costed.filter((row) => isBaseline(row) && arenaOf(row) === arenaOf(candidates[0]!));
    const y: LossAxis = candidates.some((row) => row.deltaLoss !== null) ? "deltaLoss" : "perplexity";
    const add = (x: CostAxis, set: Row[], group: Row["group"], bits: number | null) => {
      const found = frontier([...baseline, ...set], { x, y });
      if (found.points.length === 0) return;
      result.push({
        ...{ id: `frontier-${result.length + 1}`, model, task, protocol, scope, setting },
        ...{ group, bits, frontier: found },
      });
    };
    for (const x of axes) {
      if (x === "bitsPerWeight") {
        add(x, candidates, null, null);
        continue;
      }
      const groups = partition(candidates, (row) => String(row.group));
      for (const group of groups.sort((a, b) => groupOrder(b[0]) - groupOrder(a[0]))) {
        for (const set of partition(group, costAxes[x].basis)) {
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
 * The shortest names that tell rows apart: the element, else the format id, with method and seed where they vary.
 * @returns a map from the row's key to its name.
 */
export function rowNames(rows: readonly Row[]): Map<string, string> {
  const readers: ((row: Row) => string)[] = [
    (row) => row.element,
    (row) => row.format,
    (row) => `${row.format} ${row.method}`,
    (row) => `${row.format} ${row.method} seed ${row.seed}`,
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
