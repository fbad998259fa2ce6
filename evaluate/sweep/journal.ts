import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import { ensureWritableDir, isSystemError, systemReason } from "../storage/files.ts";
import type { Row } from "../trial/row.ts";
import { headerLine, isRow, type JournalContent, parseJournal, sealLine } from "./journalLines.ts";
import { type Lock, takeLock } from "./lock.ts";

/** A folder's rows on disk, one JSON line each; every line ends with a checksum of what stands before it. */
export interface Journal {
  /** Rows by key, in the order they were written. */
  rows: ReadonlyMap<string, Row>;
  /** What was found wrong on opening: torn tail, corrupt lines, doubled keys, a lock taken over. */
  warnings: readonly string[];
  /** Lines that did not verify and were skipped. */
  corrupt: number;
  /** The row is on disk (write and fdatasync) when this resolves; false if its key was there already (first wins). */
  append(row: Row): Promise<boolean>;
  /** Waits for pending appends, closes the file and gives up the lock. */
  close(): Promise<void>;
}

export const JOURNAL_FILE = "journal.jsonl";
const LOCK_FILE = "journal.lock";

/** A row is about 10 KB, so this is some 50 000 trials; and a string of V8 may not be much longer than 512 MiB. */
export const JOURNAL_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Opens (or starts) the journal of a folder and locks it for this process.
 * Throws UserError: another sweep holds the folder, the folder is unwritable, the file is no journal.
 */
export async function openJournal(directory: string): Promise<Journal> {
  const path = join(directory, JOURNAL_FILE);
  ensureWritableDir(directory);
  const lock = await takeLock(join(directory, LOCK_FILE));
  let file: FileHandle | undefined;
  try {
    // "a+" makes the file; "r+" writes at positions we give, so that a failed append can be cut off.
    await (await open(path, "a+")).close();
    file = await open(path, "r+");
    const content = parseJournal(await readAll(file, path), path);
    await file.truncate(content.goodBytes);
    if (lock.takenOverFrom !== null)
      content.warnings.push(`${path}: took over from process ${lock.takenOverFrom}, which is gone`);
    const journal = journalOn(file, path, content, lock);
    if (content.goodBytes === 0) {
      await journal.start();
      await syncDirectory(directory);
    }
    return journal;
  } catch (error) {
    await file?.close();
    lock.release();
    throw isSystemError(error) ? new UserError(`cannot open ${path}: ${systemReason(error)}`) : error;
  }
}

/** Reads the rows of a folder without locking or changing it: what a report needs. Throws UserError as `openJournal`. */
export async function readJournal(directory: string): Promise<JournalContent> {
  const path = join(directory, JOURNAL_FILE);
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    return parseJournal(await readAll(file, path), path);
  } catch (error) {
    throw isSystemError(error) ? new UserError(`cannot read ${path}: ${systemReason(error)}`) : error;
  } finally {
    await file?.close();
  }
}

function journalOn(
  file: FileHandle,
  path: string,
  content: JournalContent,
  lock: Lock,
): Journal & { start(): Promise<void> } {
  const { rows, warnings } = content;
  let end = content.goodBytes;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  async function write(line: string): Promise<void> {
    const bytes = Buffer.from(line);
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, end + done);
        done += bytesWritten;
      }
      await file.datasync();
    } catch (error) {
      // Half a line must not stay in front of the next one; if even this fails, the next opening removes it.
      await file.truncate(end).catch(() => undefined);
      throw isSystemError(error) ? new UserError(`cannot write ${path}: ${systemReason(error)}`) : error;
    }
    end += bytes.length;
  }

  /** One write at a time, in the order asked for; one that failed does not stop the next. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = last.then(work, work);
    last = result.catch(() => undefined);
    return result;
  }

  return {
    rows,
    warnings,
    corrupt: content.corrupt,
    start: () => inTurn(() => write(headerLine())),
    append: (row) =>
      inTurn(async () => {
        if (closed) throw new Error(`${path}: append after close`);
        if (!isRow({ ...row })) throw new Error(`${path}: a row needs a key`);
        if (rows.has(row.key)) {
          warnings.push(
            `${path}: trial ${row.key.slice(0, 12)} (${row.format}) was done already; the first row counts`,
          );
          return false;
        }
        checkFinite(row, `row of ${row.format}`);
        await write(sealLine(row));
        rows.set(row.key, row);
        return true;
      }),
    close: () =>
      inTurn(async () => {
        if (closed) return;
        closed = true;
        await file.close();
        lock.release();
      }),
  };
}

/** A new file survives a power cut only once its directory is on disk; Windows cannot open directories. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  // Some network file systems refuse this; the file itself is synced.
  await handle.sync().catch(() => undefined);
  await handle.close();
}

/** JSON turns NaN and infinities into null without a word: refuse them here, where the field can be named. */
function checkFinite(value: unknown, where: string): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw new UserError(`${where} is ${value}, not a number`);
  if (ArrayBuffer.isView(value)) throw new UserError(`${where} is a typed array; rows are plain JSON`);
  if (typeof value === "object" && value !== null)
    for (const [name, part] of Object.entries(value)) checkFinite(part, `${where}: ${name}`);
}

async function readAll(file: FileHandle, path: string): Promise<Uint8Array> {
  const stat = await file.stat();
  // A device or a pipe may never end.
  if (!stat.isFile()) throw new UserError(`${path}: not a regular file`);
  const { size } = stat;
  if (size > JOURNAL_BYTES_MAX)
    throw new UserError(`${path}: ${size} bytes, more than the ${JOURNAL_BYTES_MAX} a journal may have`);
  return file.readFile();
}
