import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../formats/error.ts";
import { isSystemError, replaceFile, systemReason } from "../storage/files.ts";
import { causeOf, type HubFile, hubFetch, TransientError } from "./hubClient.ts";

export interface DownloadOptions {
  /** Model id, for messages. */
  readonly id: string;
  readonly url: string;
  /** Where the content goes, in a folder that exists. */
  readonly blob: string;
  readonly file: HubFile;
  /** Called with the bytes that are there. */
  readonly onBytes: (bytes: number) => void;
  /** First pause before another try; it doubles. */
  readonly retryMs: number;
  /** Longest wait for the server to send something. */
  readonly idleMs: number;
}

/** Tries without a single new byte before giving up. */
const MAX_TRIES = 4;
const HASH_CHUNK_BYTES = 1024 * 1024;

/**
 * Downloads one file and checks size and hash before it appears at `blob`, whole or not at all. What a broken download
 * leaves is taken up where it ended.
 * @throws UserError naming the file, when the Hub refuses, sends something else, or cannot be reached
 */
export async function downloadBlob(options: DownloadOptions): Promise<void> {
  const { blob, file, id } = options;
  const partial = claimPartial(blob);
  try {
    let tries = 0;
    while (sizeOf(partial) < file.bytes || !existsSync(partial)) {
      const before = sizeOf(partial);
      try {
        await appendFrom(options, partial, before);
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
        tries = sizeOf(partial) > before ? 1 : tries + 1;
        if (tries >= MAX_TRIES) {
          throw new UserError(
            `${id}: ${file.name} is not complete: ${error.message}; the same command goes on from here`,
          );
        }
        await sleep(options.retryMs * 2 ** (tries - 1));
      }
    }
    check(options, partial);
    replaceFile(partial, blob);
  } catch (error) {
    throw isSystemError(error) ? new UserError(`cannot write ${blob}: ${systemReason(error)}`) : error;
  }
}

/** Adds what the server sends from byte `start` on to `partial`. */
async function appendFrom(
  { id, url, file, onBytes, idleMs }: DownloadOptions,
  partial: string,
  start: number,
): Promise<void> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(new Error(`nothing came for ${idleMs / 1000} seconds`)), idleMs);
  try {
    const range: Record<string, string> = start > 0 ? { range: `bytes=${start}-` } : {};
    const response = await hubFetch(id, url, range, stop.signal);
    const from = response.status === 206 ? start : 0;
    requireExpected(response, file, id, from);
    const descriptor = openSync(partial, from > 0 ? "r+" : "w");
    let at = from;
    try {
      for await (const part of response.body ?? []) {
        timer.refresh();
        if (at + part.byteLength > file.bytes) {
          await response.body?.cancel().catch(() => {});
          throw new UserError(`${id}: ${file.name} has ${file.bytes} bytes, but more are sent; the server is broken`);
        }
        at += writeFully(descriptor, part, at);
        onBytes(at);
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (at < file.bytes) throw new TransientError(`the connection ended after ${at} of ${file.bytes} bytes`);
  } catch (error) {
    if (error instanceof UserError || error instanceof TransientError || isSystemError(error)) throw error;
    const cause = stop.signal.aborted ? String(stop.signal.reason.message) : causeOf(error);
    throw new TransientError(`the connection broke after ${sizeOf(partial)} of ${file.bytes} bytes: ${cause}`);
  } finally {
    clearTimeout(timer);
  }
}

/** A server that ignores Range sends 200 and everything; one that obeys says which part it sends. */
function requireExpected(response: Response, file: HubFile, id: string, from: number): void {
  const length = response.headers.get("content-length");
  if (response.status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    if (range === null || Number(range[1]) !== from || (range[3] !== "*" && Number(range[3]) !== file.bytes)) {
      throw new UserError(`${id}: the server sends another part of ${file.name} than was asked for`);
    }
  } else if (length !== null && Number(length) !== file.bytes) {
    throw new UserError(`${id}: ${file.name} should have ${file.bytes} bytes, the server sends ${length.slice(0, 20)}`);
  }
}

/** Removes a partial file that cannot become the right one. */
function check({ id, file }: DownloadOptions, partial: string): void {
  const found = hashOf(partial, file);
  if (found === file.hash) return;
  rmSync(partial, { force: true });
  const kind = file.hashKind === "sha256" ? "SHA-256" : "git SHA-1";
  throw new UserError(
    `${id}: ${file.name} came damaged and was removed: its ${kind} is ${found}, the Hub says ${file.hash}; try again`,
  );
}

function hashOf(path: string, { bytes, hashKind }: HubFile): string {
  const hash: Hash = hashKind === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
  const descriptor = openSync(path, "r");
  try {
    const chunk = new Uint8Array(HASH_CHUNK_BYTES);
    for (let got = readSync(descriptor, chunk); got > 0; got = readSync(descriptor, chunk)) {
      hash.update(chunk.subarray(0, got));
    }
  } finally {
    closeSync(descriptor);
  }
  return hash.digest("hex");
}

/**
 * The unfinished file of this process, `BLOB.HOST-PID.incomplete`: two processes never write to the same one, and that
 * of a process that is gone is taken over by renaming it, which only one can do. (huggingface_hub gives its files unique
 * names for the same reason.)
 */
function claimPartial(blob: string): string {
  const host = hostname().replace(/[^A-Za-z0-9-]/g, "_");
  const mine = `${blob}.${host}-${process.pid}.incomplete`;
  if (existsSync(mine)) return mine;
  const prefix = `${basename(blob)}.${host}-`;
  for (const name of readdirSync(dirname(blob))) {
    const pid = name.startsWith(prefix) ? /^(\d{1,10})\.incomplete$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      renameSync(join(dirname(blob), name), mine);
      return mine;
    } catch {
      // Another process was faster.
    }
  }
  return mine;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function writeFully(descriptor: number, bytes: Uint8Array, position: number): number {
  let done = 0;
  while (done < bytes.byteLength) done += writeSync(descriptor, bytes, done, bytes.byteLength - done, position + done);
  return done;
}
