import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { type Element, UserError } from "../../formats/index.ts";
import { defineCodebook } from "../../formats/own/index.ts";
import { parseStrictJson } from "../model/strictJson.ts";
import { isSystemError, systemReason } from "./files.ts";

/** 256 numbers of full precision with a paragraph on their origin take 10 kB; a larger file is another one given by mistake. */
const CODEBOOK_BYTES_MAX = 64 * 1024;

/**
 * Reads a codebook of one's own from a JSON file (`OwnCodebook`, or a bare list of values) and defines it under its id,
 * or without one under the file's name (`my4.json` → `my4`), so that format ids can name it.
 * Throws UserError naming the file, the field and what was expected.
 */
export function readCodebook(path: string): Element {
  const data = parsed(read(path), path);
  const book = Array.isArray(data) ? { values: data } : data;
  const named = typeof book === "object" && book !== null && !Object.hasOwn(book, "id");
  return defineCodebook(named ? { ...book, id: nameOf(path) } : book, path);
}

function read(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > CODEBOOK_BYTES_MAX) {
      throw new UserError(`${path}: ${size} bytes; a codebook file has at most ${CODEBOOK_BYTES_MAX}`);
    }
    return readFileSync(path);
  } catch (error) {
    throw isSystemError(error) ? new UserError(`cannot read ${path}: ${systemReason(error)}`) : error;
  }
}

function parsed(bytes: Uint8Array, path: string): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    parseStrictJson(text); // refuses what JSON.parse lets pass: of two equal keys it takes the last
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path}: not valid JSON: ${(error as Error).message.replace(/\s+/g, " ").slice(0, 200)}`);
  }
}

/** The file's name as an id: what an id cannot hold becomes `_`. */
function nameOf(path: string): string {
  const stem = basename(path)
    .replace(/\.[^.]*$/, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9_.+-]/g, "_")
    .slice(0, 40);
  return /^[a-z]/.test(stem) ? stem : `book_${stem.slice(0, 35)}`;
}
