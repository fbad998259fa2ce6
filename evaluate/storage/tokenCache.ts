import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { endianness } from "node:os";
import { join } from "node:path";
import type { TextTokenizer } from "../model/index.ts";
import { contentHash, RESULT_VERSION } from "../sweep/index.ts";
import { ensureWritableDir, writeFileAtomic } from "./files.ts";

/** Shorter texts are tokenized in less time than a file takes to be believed. */
const CHARACTERS_MIN = 50_000;

const HASH_BYTES = 32;

/**
 * A tokenizer that keeps the ids of long texts in a folder, under the hashes of text, tokenizer and version: processes of
 * one sweep tokenize each text once (half a million characters take a second, reading their ids some milliseconds).
 * A file that does not verify is made again; a folder that cannot be written to only means no cache.
 */
export function cachingTokenizer(tokenizer: TextTokenizer, folder: string): TextTokenizer {
  return {
    ...tokenizer,
    encode(text, options) {
      if (text.length < CHARACTERS_MIN) return tokenizer.encode(text, options);
      const { sha256 } = tokenizer;
      const textSha256 = createHash("sha256").update(text).digest("hex");
      const order = endianness();
      const key = contentHash({ RESULT_VERSION, sha256, textSha256, options: { ...options }, order });
      const path = join(folder, `${key}.ids`);
      const known = read(path);
      if (known) return known;
      const ids = tokenizer.encode(text, options);
      write(folder, path, ids);
      return ids;
    },
  };
}

function read(path: string): Int32Array | null {
  try {
    const bytes = readFileSync(path);
    const body = bytes.subarray(HASH_BYTES);
    if (!bytes.subarray(0, HASH_BYTES).equals(digest(body)) || body.length % 4 !== 0) return null;
    return new Int32Array(Uint8Array.from(body).buffer);
  } catch {
    return null;
  }
}

function write(folder: string, path: string, ids: Int32Array): void {
  const body = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength);
  try {
    ensureWritableDir(folder);
    writeFileAtomic(path, [digest(body), body]);
  } catch {
    // Without room or leave to write, every process tokenizes for itself.
  }
}

function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
