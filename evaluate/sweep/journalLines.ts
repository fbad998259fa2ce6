import { createHash } from "node:crypto";
import { UserError } from "../../formats/error.ts";
import type { Row } from "../trial/row.ts";

/** Raised when the meaning of a line changes; an older reader must refuse a newer journal. */
export const JOURNAL_VERSION = 1;

const CHECKSUM = /^(.*),"checksum":"([0-9a-f]{16})"\}$/s;

/** The line of a JSON object, newline included: its JSON with a checksum as last field (16 hex digits of SHA-256). */
export function sealLine(value: object): string {
  const body = JSON.stringify(value).slice(0, -1);
  return `${body},"checksum":"${digest(body)}"}\n`;
}

/** The object of a sealed line without its checksum, or null when the line is damaged. */
export function openLine(line: string): Record<string, unknown> | null {
  const match = CHECKSUM.exec(line);
  if (!match || digest(match[1]!) !== match[2]) return null;
  try {
    const value: unknown = JSON.parse(`${match[1]}}`);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** What the bytes of a journal hold. */
export interface JournalContent {
  rows: Map<string, Row>;
  warnings: string[];
  corrupt: number;
  /** Bytes up to here are whole lines; what follows is a torn tail. */
  goodBytes: number;
}

/**
 * Reads the bytes of a journal. Only the last line can be torn by a crash (lines are written one at a time and
 * synced); a damaged line before it is reported with its number and skipped. `name` is the file for messages.
 * Throws UserError when this is no journal, or one of a newer version.
 */
export function parseJournal(bytes: Uint8Array, name: string): JournalContent {
  const content: JournalContent = { rows: new Map(), warnings: [], corrupt: 0, goodBytes: 0 };
  const header = Buffer.from(headerLine());
  if (isTornHeader(bytes, header)) {
    if (bytes.length > 0) content.warnings.push(`${name}: the first line was torn by a crash; started anew`);
    return content;
  }
  const decoder = new TextDecoder();
  const lineOf = new Map<string, number>();
  for (let number = 1; content.goodBytes < bytes.length; number++) {
    const end = bytes.indexOf(0x0a, content.goodBytes);
    const text = decoder.decode(bytes.subarray(content.goodBytes, end < 0 ? bytes.length : end));
    const value = openLine(text);
    if (number === 1) checkHeader(value, name);
    if (end < 0) {
      content.warnings.push(
        `${name}: line ${number} was torn by a crash (${bytes.length - content.goodBytes} bytes) and is left out`,
      );
      return content;
    }
    content.goodBytes = end + 1;
    if (number === 1) continue;
    if (value === null || !isRow(value)) {
      content.corrupt++;
      content.warnings.push(`${name}: line ${number} is damaged and skipped; its trial will be run again`);
    } else if (content.rows.has(value.key)) {
      const first = lineOf.get(value.key);
      content.warnings.push(`${name}: line ${number} repeats the trial of line ${first}; the first counts`);
    } else {
      content.rows.set(value.key, value);
      lineOf.set(value.key, number);
    }
  }
  return content;
}

/** The first line of a journal. */
export function headerLine(): string {
  return sealLine({ journal: "bitfrontier", version: JOURNAL_VERSION });
}

function checkHeader(value: Record<string, unknown> | null, name: string): void {
  if (value?.journal !== "bitfrontier")
    throw new UserError(`${name}: not a bitfrontier journal: line 1 is not ${headerLine().trim()}`);
  if (value.version !== JOURNAL_VERSION)
    throw new UserError(`${name}: journal version ${value.version}; this bitfrontier reads version ${JOURNAL_VERSION}`);
}

/** An unfinished header, or the zeros some file systems leave after a power cut; true for an empty file too. */
function isTornHeader(bytes: Uint8Array, header: Uint8Array): boolean {
  const isBeginning = bytes.length < header.length && bytes.every((byte, i) => byte === header[i]);
  return isBeginning || bytes.every((byte) => byte === 0);
}

/** The checksum says the line is as written; this says it was a row that was written. */
export function isRow(value: Record<string, unknown>): value is Record<string, unknown> & Row {
  return typeof value.key === "string" && value.key !== "" && typeof value.format === "string";
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
