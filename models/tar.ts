import { gunzipSync } from "node:zlib";
import { UserError } from "../formats/error.ts";

/** The largest text package unpacks to 22 MB; ten times that stops a decompression bomb well before memory does. */
export const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;
/** The largest text package holds 494 files. */
export const MAX_ENTRIES = 10_000;

const BLOCK = 512;

/**
 * Reads the regular files of a gzipped ustar archive (POSIX.1-1988 header; what `npm pack` writes) into memory.
 * Nothing is written to disk. Folders are skipped; every other entry type (links, devices, pax extensions) is refused.
 * @param name the archive's name, for error messages
 * @returns path inside the archive (forward slashes) → content
 * @throws UserError when the archive is not gzip, is truncated, has a bad checksum or size, exceeds a cap, repeats a
 * path, or names one that is absolute or climbs out (`..`).
 */
export function readTarball(archive: Uint8Array, name: string): Map<string, Uint8Array> {
  let tar: Uint8Array;
  try {
    tar = gunzipSync(archive, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`${name}: expected a gzip file of at most ${MAX_UNPACKED_BYTES} bytes unpacked: ${why}`);
  }
  const files = new Map<string, Uint8Array>();
  let entries = 0;
  for (let at = 0; ; ) {
    if (at + BLOCK > tar.length)
      throw new UserError(`${name}: the tar archive ends without its end marker (truncated?)`);
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    if (++entries > MAX_ENTRIES) throw new UserError(`${name}: more than ${MAX_ENTRIES} entries in the tar archive`);
    checkChecksum(header, name);
    const path = entryPath(header, name);
    const size = octal(header, 124, 12, `${name}: ${path}: size`);
    const type = String.fromCharCode(header[156] as number);
    const begin = at + BLOCK;
    if (begin + size > tar.length) throw new UserError(`${name}: ${path}: ${size} bytes reach past the archive's end`);
    if (type === "0" || type === "\0") {
      if (files.has(path)) throw new UserError(`${name}: ${path}: appears twice in the tar archive`);
      files.set(path, tar.slice(begin, begin + size));
    } else if (type !== "5") {
      throw new UserError(`${name}: ${path}: tar entry type ${JSON.stringify(type)}, expected a file or a folder`);
    }
    at = begin + Math.ceil(size / BLOCK) * BLOCK;
  }
}

function entryPath(header: Uint8Array, name: string): string {
  const base = field(header, 0, 100);
  // ustar only: in the older GNU format these bytes hold something else.
  const prefix = field(header, 257, 5) === "ustar" ? field(header, 345, 155) : "";
  const path = prefix === "" ? base : `${prefix}/${base}`;
  const parts = path.replace(/\/$/, "").split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..") || /[\\:]/.test(path)) {
    throw new UserError(
      `${name}: ${JSON.stringify(path)}: unsafe path in the tar archive, expected a plain relative one`,
    );
  }
  return path;
}

function field(header: Uint8Array, begin: number, length: number): string {
  const bytes = header.subarray(begin, begin + length);
  const end = bytes.indexOf(0);
  return new TextDecoder("utf-8").decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function octal(header: Uint8Array, begin: number, length: number, what: string): number {
  const text = field(header, begin, length).trim();
  if (!/^[0-7]+$/.test(text)) throw new UserError(`${what}: ${JSON.stringify(text)} is not an octal number`);
  return Number.parseInt(text, 8);
}

function checkChecksum(header: Uint8Array, name: string): void {
  const stated = octal(header, 148, 8, `${name}: tar header checksum`);
  // The checksum is taken with its own eight bytes read as spaces.
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i] as number;
  if (sum !== stated) throw new UserError(`${name}: tar header checksum is ${sum}, the header says ${stated}`);
}
