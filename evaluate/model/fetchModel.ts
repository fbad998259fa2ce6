import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import { pathIs } from "../storage/files.ts";
import { cachedSnapshot, cacheFolder, isHubId } from "./hubCache.ts";
import { type FetchOptions, fetchSnapshot } from "./hubSnapshot.ts";
import { REFERENCE_MODEL, type ResolvedModel, resolveModel } from "./resolve.ts";
import { INDEX_FILE, readIndex, SINGLE_FILE } from "./shardIndex.ts";

/**
 * As resolveModel, but a Hub id that is not in the cache is downloaded to it first. A whole model in the cache is used as
 * it is, without asking the Hub whether there is a newer one; HF_HUB_OFFLINE=1 forbids any connection.
 * @throws UserError saying where was looked, or why the download failed
 */
export async function fetchModel(spec: string, options: FetchOptions = {}): Promise<ResolvedModel> {
  const local = spec === REFERENCE_MODEL || pathIs("directory", spec) || pathIs("file", spec) || !isHubId(spec);
  if (!local && !isWhole(spec)) {
    if (isOffline()) requireCached(spec);
    else await fetchOnce(spec, options);
  }
  return resolveModel(spec);
}

/** Downloads that go on in this process: they would write to the same unfinished files. */
const inFlight = new Map<string, Promise<void>>();

async function fetchOnce(id: string, options: FetchOptions): Promise<void> {
  const folder = cacheFolder(id);
  const fetching = inFlight.get(folder) ?? fetchSnapshot(id, options).finally(() => inFlight.delete(folder));
  inFlight.set(folder, fetching);
  await fetching;
}

/** Whether the cache has all that is needed to run the model: others may have cached its tokenizer alone. */
function isWhole(id: string): boolean {
  const cached = cachedSnapshot(id);
  if (!("directory" in cached)) return false;
  const has = (name: string) => pathIs("file", join(cached.directory, name));
  if (!has("config.json")) return false;
  if (has(SINGLE_FILE) || !has(INDEX_FILE)) return has(SINGLE_FILE);
  try {
    return [...new Set(readIndex(join(cached.directory, INDEX_FILE)).values())].every(has);
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** What is there of a model may do for what is asked, such as its weights for a fit. */
function requireCached(id: string): void {
  const cached = cachedSnapshot(id);
  if ("missing" in cached) throw new UserError(`model ${id}: ${cached.missing}, and HF_HUB_OFFLINE forbids a download`);
}

/** The words huggingface_hub takes for true (constants.py, ENV_VARS_TRUE_VALUES). */
function isOffline(): boolean {
  const words = [process.env.HF_HUB_OFFLINE, process.env.TRANSFORMERS_OFFLINE];
  return words.some((word) => ["1", "ON", "YES", "TRUE"].includes((word ?? "").toUpperCase()));
}
