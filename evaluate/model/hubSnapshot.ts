import { existsSync, rmSync, statfsSync, statSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { UserError } from "../../formats/error.ts";
import { isSystemError, makeDirectory, pathIs, replaceFile, systemReason, writeFileAtomic } from "../storage/files.ts";
import { cacheFolder } from "./hubCache.ts";
import { describeModel, type HubFile, type HubModel, hubEndpoint, TransientError } from "./hubClient.ts";
import { downloadBlob } from "./hubDownload.ts";
import { INDEX_FILE, readIndex, SINGLE_FILE } from "./shardIndex.ts";
import { SIDE_FILE_BYTES_MAX, SIDE_FILES } from "./sideFiles.ts";

export interface FetchProgress {
  /** The file that is being fetched. */
  readonly file: string;
  /** Bytes of it that are there, and that it has. */
  readonly done: number;
  readonly total: number;
}

export interface FetchOptions {
  readonly onProgress?: (progress: FetchProgress) => void;
  /** First pause before another try; 1000 ms by default. */
  readonly retryMs?: number;
  /** Longest wait for the Hub to send something; a minute by default. */
  readonly idleMs?: number;
}

/** Files of a model's root that belong to configuration, tokenizer and terms, with a size none of them reaches. */
const SMALL_FILES: readonly string[] = ["config.json", ...SIDE_FILES];
/** Room that is left on the disk beside the model. */
const SPARE_BYTES = 64 * 1024 * 1024;
const MAX_TRIES = 4;
const RETRY_MS = 1000;
/** Waiting for an answer, and between two parts of one. */
const IDLE_MS = 60_000;

/**
 * Fetches configuration, tokenizer and safetensors of a model's `main` into the Hub cache, in the layout of
 * huggingface_hub (blobs/HASH, snapshots/COMMIT/NAME → ../../blobs/HASH, refs/main). Nothing else of the model is fetched,
 * and the ref is written last, so that a snapshot it names is whole.
 * @throws UserError naming the model and the file
 */
export async function fetchSnapshot(id: string, options: FetchOptions = {}): Promise<void> {
  const model = await describe(id, options);
  const folder = cacheFolder(id);
  const snapshot = join(folder, "snapshots", model.commit);
  try {
    for (const part of [join(folder, "blobs"), snapshot, join(folder, "refs")]) makeDirectory(part);
    const small = SMALL_FILES.flatMap((name) => model.files.get(name) ?? []);
    const fetchAll = async (files: readonly HubFile[]): Promise<void> => {
      requireRoom(id, folder, files);
      for (const file of files) await fetchFile(id, model.commit, folder, file, options);
    };
    const first = [...small, ...weightFiles(id, model)];
    const tooLarge = first.find((file) => file.bytes > SIDE_FILE_BYTES_MAX && file.name !== SINGLE_FILE);
    if (tooLarge !== undefined) {
      throw new UserError(`${id}: ${tooLarge.name} has ${tooLarge.bytes} bytes, more than any file of its kind`);
    }
    await fetchAll(first);
    if (!first.some(({ name }) => name === SINGLE_FILE)) {
      const shards = new Set(readIndex(join(snapshot, INDEX_FILE)).values());
      await fetchAll([...shards].sort().map((name) => requireFile(id, model, name)));
    }
    writeFileAtomic(join(folder, "refs", "main"), model.commit);
  } catch (error) {
    throw isSystemError(error) ? new UserError(`cannot write to ${folder}: ${systemReason(error)}`) : error;
  }
}

async function describe(id: string, { retryMs = RETRY_MS, idleMs = IDLE_MS }: FetchOptions): Promise<HubModel> {
  for (let tries = 1; ; tries++) {
    try {
      return await describeModel(id, AbortSignal.timeout(idleMs));
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      if (tries === MAX_TRIES) throw new UserError(`model ${id} is not in the cache, and ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, retryMs * 2 ** (tries - 1)));
    }
  }
}

/** model.safetensors, as in transformers before an index of shards. */
function weightFiles(id: string, model: HubModel): HubFile[] {
  requireFile(id, model, "config.json");
  const single = model.files.get(SINGLE_FILE) ?? model.files.get(INDEX_FILE);
  if (single !== undefined) return [single];
  const other = [...model.files.keys()].find((name) => /^[\w.-]{1,100}\.(?:gguf|bin|pth?|msgpack|h5|onnx)$/.test(name));
  const hint = other === undefined ? "" : `; it has ${other}`;
  const gguf = other?.endsWith(".gguf") ? ", which works once it is downloaded: give the file's path" : "";
  throw new UserError(`model ${id} has no ${SINGLE_FILE} and no ${INDEX_FILE}${hint}${gguf}`);
}

function requireFile(id: string, model: HubModel, name: string): HubFile {
  const file = model.files.get(name);
  if (file === undefined) throw new UserError(`model ${id} has no ${name}`);
  return file;
}

function requireRoom(id: string, folder: string, files: readonly HubFile[]): void {
  const needed = files.reduce((sum, { bytes, hash }) => sum + (existsSync(join(folder, "blobs", hash)) ? 0 : bytes), 0);
  const { bavail, bsize } = statfsSync(folder);
  if (needed > 0 && needed + SPARE_BYTES > bavail * bsize) {
    throw new UserError(`model ${id} needs ${needed} bytes in ${folder}, the disk has ${bavail * bsize}`);
  }
}

async function fetchFile(
  id: string,
  commit: string,
  folder: string,
  file: HubFile,
  options: FetchOptions,
): Promise<void> {
  const pointer = join(folder, "snapshots", commit, file.name);
  const blob = join(folder, "blobs", file.hash);
  const report = (done: number) => options.onProgress?.({ file: file.name, done, total: file.bytes });
  const isThere = (path: string) => pathIs("file", path) && sizeOf(path) === file.bytes;
  // A file of the right size in its place is this file: it was checked before it got there.
  if (isThere(pointer)) return;
  if (!isThere(blob)) {
    report(0);
    const url = `${hubEndpoint()}/${id}/resolve/${commit}/${encodeURIComponent(file.name)}`;
    const { retryMs = RETRY_MS, idleMs = IDLE_MS } = options;
    await downloadBlob({ id, url, blob, file, onBytes: report, retryMs, idleMs });
  }
  point(pointer, blob);
}

function sizeOf(path: string): number {
  return statSync(path).size;
}

/** A relative link, so that the cache can be moved; where links are not allowed (Windows), the content itself. */
function point(pointer: string, blob: string): void {
  const temporary = `${pointer}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  try {
    symlinkSync(relative(dirname(pointer), blob), temporary, "file");
  } catch {
    replaceFile(blob, pointer);
    return;
  }
  replaceFile(temporary, pointer);
}
