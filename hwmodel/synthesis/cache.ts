import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

/** Results on disk by the hash of all that determines them. */
export interface Cache {
  read(key: string): Promise<string | null>;
  write(key: string, text: string): Promise<void>;
}

export const NO_CACHE: Cache = { read: async () => null, write: async () => {} };

/** `$BITFRONTIER_CACHE`, else `~/.cache/bitfrontier`. */
export function cacheFolder(): string {
  return process.env.BITFRONTIER_CACHE || join(homedir(), ".cache", "bitfrontier");
}

export function cacheKey(parts: readonly string[]): string {
  const hash = createHash("sha256");
  // Lengths keep ["ab", "c"] and ["a", "bc"] apart.
  for (const part of parts) hash.update(`${part.length}\n${part}\n`);
  return hash.digest("hex");
}

/** Compressed netlists of a few kilobytes; one that unpacks to more than this was not written here. */
const MAX_ENTRY_BYTES = 2 ** 28;

/** A cache in a folder. An unreadable entry is a miss, a folder that cannot be written to only means no cache. */
export function diskCache(folder = join(cacheFolder(), "synthesis")): Cache {
  const pathOf = (key: string) => join(folder, key.slice(0, 2), `${key}.gz`);
  return {
    async read(key) {
      try {
        return gunzipSync(await readFile(pathOf(key)), { maxOutputLength: MAX_ENTRY_BYTES }).toString("utf8");
      } catch {
        return null;
      }
    },
    async write(key, text) {
      const path = pathOf(key);
      const temporary = `${path}.${randomUUID()}.tmp`;
      try {
        await mkdir(join(folder, key.slice(0, 2)), { recursive: true });
        const file = await open(temporary, "wx");
        try {
          await file.writeFile(gzipSync(text));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path);
      } catch {
        await rm(temporary, { force: true }).catch(() => {});
      }
    },
  };
}
