import type { Row } from "../evaluate/trial/row.ts";
import { UserError } from "../formats/error.ts";
import { plain } from "./escape.ts";
import { isBaseline } from "./frontier.ts";

/** How much accuracy one setting (format, method, activations, cache) keeps, over several tasks. */
export interface AccuracyChange {
  /** One of its rows: what they have in common. */
  row: Row;
  /** Mean over tasks of accuracy / that of full precision − 1, and its standard error. */
  change: number;
  sigma: number;
  tasks: { task: string; change: number; sigma: number }[];
}

/** The changes of one model, and the settings left out with the reason. */
export interface AccuracyChanges {
  model: string;
  /** The tasks all of them were measured on, with their protocols. */
  tasks: { task: string; protocol: string }[];
  changes: AccuracyChange[];
  excluded: { row: Row; reason: string }[];
}

/**
 * The mean relative change of accuracy, the vertical axis of Dotzel et al. 2024 (fig. 4), for every model that has two or more
 * tasks with an accuracy. Each task counts alike; errors are those of the paired examples, tasks taken as independent.
 * @throws UserError when one task was scored by several protocols.
 */
export function accuracyChanges(rows: readonly Row[]): AccuracyChanges[] {
  const scored = rows.filter((row) => row.metrics?.acc !== undefined);
  const contests = groups(
    scored.filter((row) => !isBaseline(row)),
    ({ modelSha256, scope, seed }) => [modelSha256, scope, seed],
  );
  return [...contests.values()].flatMap((candidates) => {
    const { modelSha256, seed } = candidates[0]!;
    const own = [
      ...scored.filter((row) => isBaseline(row) && row.modelSha256 === modelSha256 && row.seed === seed),
      ...candidates,
    ];
    const byTask = groups(own, ({ task }) => [task]);
    if (byTask.size < 2) return [];
    for (const each of byTask.values()) requireOneProtocol(each);
    const tasks = [...byTask.values()].map(([first]) => ({ task: first!.task, protocol: first!.protocol }));
    const baselines = new Map(own.filter(isBaseline).map((row) => [row.task, row]));
    const [changes, excluded]: [AccuracyChange[], AccuracyChanges["excluded"]] = [[], []];
    const settings = groups(candidates, ({ format, method, activation, kv }) => [format, method, activation, kv]);
    for (const setting of settings.values()) {
      const found = changeOf(setting, tasks, baselines);
      if (typeof found === "string") excluded.push({ row: setting[0]!, reason: found });
      else changes.push(found);
    }
    return changes.length > 0 ? [{ model: own[0]!.model, tasks, changes, excluded }] : [];
  });
}

function groups(rows: readonly Row[], key: (row: Row) => unknown[]): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const name = JSON.stringify(key(row));
    found.set(name, [...(found.get(name) ?? []), row]);
  }
  return found;
}

function requireOneProtocol(rows: readonly Row[]): void {
  const protocols = [...new Set(rows.map(({ protocol }) => protocol))];
  if (protocols.length > 1)
    throw new UserError(
      `accuracy: ${plain(rows[0]!.task)} was scored by several protocols (${protocols.slice(0, 3).map(plain).join("; ")}), which cannot be compared`,
    );
}

function changeOf(
  rows: readonly Row[],
  tasks: AccuracyChanges["tasks"],
  baselines: ReadonlyMap<string, Row>,
): AccuracyChange | string {
  const found: AccuracyChange["tasks"] = [];
  for (const { task } of tasks) {
    const [after, before] = [rows.find((row) => row.task === task), baselines.get(task)].map(
      (row) => row?.metrics?.acc?.examples,
    );
    if (!after) return `no accuracy on ${task}`;
    if (!before) return `no accuracy of full precision on ${task}`;
    const relative = relativeChange(after, before);
    if (relative === null) return `full precision gets nothing right on ${task}`;
    found.push({ task, ...relative });
  }
  const count = found.length;
  return {
    row: rows[0]!,
    change: found.reduce((sum, { change }) => sum + change, 0) / count,
    sigma: Math.hypot(...found.map(({ sigma }) => sigma)) / count,
    tasks: found,
  };
}

/**
 * mean(after) / mean(before) − 1 of paired examples, and its standard error by the delta method for a ratio of means:
 * sd(after − ratio · before) / √n / mean(before). Null where the mean before is 0.
 * @throws UserError when the numbers of examples differ or there are fewer than two
 */
export function relativeChange(
  after: readonly number[],
  before: readonly number[],
): { change: number; sigma: number } | null {
  const n = after.length;
  if (n !== before.length || n < 2)
    throw new UserError(`accuracy: ${n} examples against ${before.length}; two or more of the same are needed`);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / n;
  const base = mean(before);
  if (base === 0) return null;
  const ratio = mean(after) / base;
  const squares = after.reduce((sum, value, i) => sum + (value - ratio * before[i]!) ** 2, 0);
  return { change: ratio - 1, sigma: Math.sqrt(squares / (n - 1) / n) / base };
}
