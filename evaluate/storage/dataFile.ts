import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { UserError } from "../../formats/error.ts";
import { type DataFile, EXAMPLES_MAX } from "../tasks/index.ts";
import { isSystemError, systemReason } from "./files.ts";

/** Evaluation texts have megabytes; tokenizing more than this would take an hour and gigabytes. */
const TEXT_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Reads a text or a data set by the ending of its name: .jsonl (an object a line), .parquet (rows; snappy, gzip, zstd,
 * brotli and LZ4), any other as a plain UTF-8 text. `sha256` is that of the file. Throws UserError naming the file.
 */
export async function readDataFile(path: string): Promise<{ data: DataFile; sha256: string }> {
  const bytes = readBytes(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const ending = extname(path).toLowerCase();
  if (ending === ".parquet") return { data: { kind: "rows", rows: await readParquet(bytes, path) }, sha256 };
  return { data: { kind: ending === ".jsonl" ? "lines" : "text", text: decoded(bytes, path) }, sha256 };
}

/** Reads a UTF-8 text. Throws UserError naming the file. */
export function readText(path: string): string {
  return decoded(readBytes(path), path);
}

function readBytes(path: string): Buffer {
  try {
    if (statSync(path).size > TEXT_BYTES_MAX) throw new UserError(`text ${path}: more than ${TEXT_BYTES_MAX} bytes`);
    return readFileSync(path);
  } catch (error) {
    throw isSystemError(error) ? new UserError(`text ${path}: cannot be read: ${systemReason(error)}`) : error;
  }
}

function decoded(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UserError(`text ${path}: not UTF-8`);
  }
}

async function readParquet(bytes: Uint8Array, path: string): Promise<Record<string, unknown>[]> {
  // Loaded where a file needs them: most runs do without.
  const [{ parquetMetadata, parquetReadObjects }, { compressors }] = await Promise.all([
    import("hyparquet"),
    import("hyparquet-compressors"),
  ]);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  try {
    const metadata = parquetMetadata(file);
    if (metadata.num_rows > BigInt(EXAMPLES_MAX))
      throw new UserError(`${path}: ${metadata.num_rows} rows, more than ${EXAMPLES_MAX}`);
    const rows = await parquetReadObjects({ file, metadata, compressors });
    return rows.map((row) => plain(row) as Record<string, unknown>);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path}: not a readable Parquet file: ${(error as Error).message.replace(/\s+/g, " ")}`);
  }
}

/** Whole numbers of 64 bits as numbers, in lists and structures too: labels are small. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
