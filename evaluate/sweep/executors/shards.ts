import { appendFileSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathIs } from "../../storage/files.ts";
import type { Row } from "../../trial/row.ts";
import { JOURNAL_FILE, readJournal } from "../journal.ts";
import { openLine, sealLine } from "../journalLines.ts";

/** What one task of a cluster job has left in its folder so far. */
export interface Shard {
  path: string;
  /** Rows by key, without differences to their baselines. */
  rows: ReadonlyMap<string, Row>;
  /** Why trials failed, by key. */
  failures: ReadonlyMap<string, string>;
}

const FAILURES_FILE = "failures.jsonl";

/** Notes in a shard that a trial failed. */
export function writeFailure(shard: string, key: string, message: string): void {
  appendFileSync(join(shard, FAILURES_FILE), sealLine({ key, message }));
}

/**
 * A reader of the shards in `folder`, whose tasks may be writing at this moment: lines that are not whole yet are read
 * next time. What has not grown since is not read again.
 */
export function shardReader(folder: string): () => Promise<Shard[]> {
  const known = new Map<string, { size: number; shard: Shard }>();
  return async () => {
    if (!pathIs("directory", folder)) return [];
    const shards: Shard[] = [];
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!pathIs("directory", path)) continue;
      const size = sizeOf(join(path, JOURNAL_FILE)) + sizeOf(join(path, FAILURES_FILE));
      let found = known.get(path);
      if (found?.size !== size) {
        const rows = sizeOf(join(path, JOURNAL_FILE)) > 0 ? (await readJournal(path)).rows : new Map<string, Row>();
        found = { size, shard: { path, rows, failures: readFailures(join(path, FAILURES_FILE)) } };
        known.set(path, found);
      }
      shards.push(found.shard);
    }
    return shards;
  };
}

/** Removes a shard with all that it holds. */
export function removeShard({ path }: Shard): void {
  rmSync(path, { recursive: true, force: true });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readFailures(path: string): Map<string, string> {
  const failures = new Map<string, string>();
  if (sizeOf(path) === 0) return failures;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const value = openLine(line);
    if (value) failures.set(String(value.key), String(value.message));
  }
  return failures;
}
