import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../formats/error.ts";

/** One write call stays below this: Node rejects lengths of 2^31 and more, and large writes block signals. */
const CHUNK_BYTES = 64 * 1024 * 1024;

/** Windows refuses to replace a file that a virus scanner or an indexer holds open; such holds last milliseconds. */
const RENAME_ATTEMPTS = 10;
const RENAME_WAIT_MS = 20;

/**
 * Writes a file so that readers see the old content or the whole new content, never a part:
 * temporary file in the same directory, fsync, rename. On failure the temporary file is removed and `path` is untouched.
 * @param data the content, or an iterable of consecutive parts of it (so that large files need not be held whole)
 * @throws UserError naming `path` when the file system refuses
 */
export function writeFileAtomic(path: string, data: string | Uint8Array | Iterable<Uint8Array>): void {
  const file = openAtomic(path);
  try {
    for (const part of partsOf(data)) file.write(part);
    file.commit();
  } catch (error) {
    throw file.abandon(error);
  }
}

/** As `writeFileAtomic`, of parts that are made while the file is written. */
export async function streamFileAtomic(path: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
  const file = openAtomic(path);
  try {
    for await (const part of parts) file.write(part);
    file.commit();
  } catch (error) {
    throw file.abandon(error);
  }
}

function openAtomic(path: string) {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`);
  let descriptor: number | undefined;
  const opened = () => {
    descriptor ??= openSync(temporary, "wx");
    return descriptor;
  };
  return {
    write: (part: Uint8Array) => writeFully(opened(), part),
    commit() {
      fsyncSync(opened());
      closeSync(opened());
      descriptor = undefined;
      replaceFile(temporary, path);
      syncDirectory(directory);
    },
    /** Removes what was written; what to throw in the place of `error`. */
    abandon(error: unknown): unknown {
      if (descriptor !== undefined) closeSync(descriptor);
      rmSync(temporary, { force: true });
      return isSystemError(error) ? new UserError(`cannot write ${path}: ${systemReason(error)}`) : error;
    },
  };
}

/**
 * Creates `directory` (and its parents) if absent and proves by writing that files can be made in it.
 * @throws UserError naming the directory when it is not a directory or not writable
 */
export function ensureWritableDir(directory: string): void {
  const probe = join(directory, `.bitfrontier-${process.pid}-${randomBytes(6).toString("hex")}.tmp`);
  try {
    makeDirectory(directory);
    closeSync(openSync(probe, "wx"));
    rmSync(probe, { force: true });
  } catch (error) {
    if (isSystemError(error)) throw new UserError(`cannot write to folder ${directory}: ${systemReason(error)}`);
    throw error;
  }
}

/**
 * Makes a directory and its missing parents. Not mkdirSync's `recursive`: where the file system says "no such folder" although
 * the parent is there (/proc does), that never returns (Node 20 to 24).
 * @throws the file system's error
 */
export function makeDirectory(directory: string): void {
  const missing: string[] = [];
  for (let at = resolve(directory); !statSync(at, { throwIfNoEntry: false }); at = dirname(at)) {
    missing.push(at);
    if (dirname(at) === at) break;
  }
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path);
    } catch (error) {
      // Another process may have made it since.
      if (!pathIs("directory", path)) throw error;
    }
  }
}

/** Whether `path` names something of the given kind; false when nothing is there. Links are followed. */
export function pathIs(kind: "file" | "directory", path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && (kind === "file" ? stat.isFile() : stat.isDirectory());
}

/** An error thrown by the file system, which carries a code such as ENOENT. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === "string" && "syscall" in error;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "a file of that name is in the way",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files",
};

/** A system error in plain words, with its code. */
export function systemReason(error: NodeJS.ErrnoException): string {
  const code = error.code ?? "unknown";
  return `${REASONS[code] ?? error.message} (${code})`;
}

function partsOf(data: string | Uint8Array | Iterable<Uint8Array>): Iterable<Uint8Array> {
  if (typeof data === "string") return [new TextEncoder().encode(data)];
  return data instanceof Uint8Array ? [data] : data;
}

function writeFully(descriptor: number, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.byteLength) {
    offset += writeSync(descriptor, bytes, offset, Math.min(CHUNK_BYTES, bytes.byteLength - offset));
  }
}

/** Renames over what is there, again and again for a moment where Windows says that it is in use. */
export function replaceFile(from: string, to: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      renameSync(from, to);
      return;
    } catch (error) {
      const busy = isSystemError(error) && ["EPERM", "EACCES", "EBUSY"].includes(error.code ?? "");
      if (process.platform !== "win32" || !busy || attempt === RENAME_ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RENAME_WAIT_MS);
    }
  }
}

/** The rename itself is durable only once the directory is on disk; Windows cannot open directories. */
function syncDirectory(directory: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } catch {
    // Some network file systems refuse fsync on a directory; the file itself is already synced.
  } finally {
    closeSync(descriptor);
  }
}
