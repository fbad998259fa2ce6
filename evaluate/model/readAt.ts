import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { UserError } from "../../formats/error.ts";
import { isSystemError, systemReason } from "../storage/files.ts";

/** 16 MiB per read call: measured fastest here, and Node refuses single reads of 2 GiB and more. */
export const READ_CHUNK_BYTES = 16 * 1024 * 1024;

/** A file open for positional reads; `size` is its length in bytes when it was opened. */
export interface OpenFile {
  readonly path: string;
  readonly size: number;
  readonly descriptor: number;
}

/**
 * Opens a regular file for reading.
 * @throws UserError naming the path when it is absent, not a regular file (a pipe would block for ever) or unreadable
 */
export function openRegularFile(path: string): OpenFile {
  let descriptor: number | undefined;
  try {
    if (!statSync(path).isFile()) throw new UserError(`cannot read ${path}: it is not a regular file`);
    descriptor = openSync(path, "r");
    return { path, size: fstatSync(descriptor).size, descriptor };
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw isSystemError(error) ? new UserError(`cannot read ${path}: ${systemReason(error)}`) : error;
  }
}

/**
 * Fills `target` from byte `position` of the file, in chunks.
 * @throws UserError when the file has become shorter or cannot be read
 */
export function readFully(file: OpenFile, target: Uint8Array, position: number): void {
  let done = 0;
  while (done < target.byteLength) {
    const wanted = Math.min(READ_CHUNK_BYTES, target.byteLength - done);
    let got: number;
    try {
      got = readSync(file.descriptor, target, done, wanted, position + done);
    } catch (error) {
      throw isSystemError(error) ? new UserError(`cannot read ${file.path}: ${systemReason(error)}`) : error;
    }
    if (got === 0) throw new UserError(`${file.path} became shorter while it was read`);
    done += got;
  }
}

/**
 * The UTF-8 text of a small file.
 * @param maxBytes refuses longer files before reading them
 * @throws UserError naming the path when it is absent, too long or not UTF-8
 */
export function readTextFile(path: string, maxBytes: number): string {
  const file = openRegularFile(path);
  try {
    if (file.size > maxBytes) throw new UserError(`${path} has ${file.size} bytes; at most ${maxBytes} are accepted`);
    const bytes = new Uint8Array(file.size);
    readFully(file, bytes, 0);
    return decodeUtf8(bytes);
  } catch (error) {
    throw error instanceof TypeError ? new UserError(`${path} is not UTF-8 text`) : error;
  } finally {
    closeSync(file.descriptor);
  }
}

/** Strict UTF-8: bad bytes throw a TypeError, a byte order mark stays in the text for the JSON parser to refuse. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
