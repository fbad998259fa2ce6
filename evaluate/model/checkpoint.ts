import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { UserError } from "../../formats/error.ts";
import { pathIs } from "../storage/files.ts";
import { openGgufTensors } from "./ggufCheckpoint.ts";
import { READABLE_GGML_TYPES } from "./ggufTypes.ts";
import { isGguf } from "./modelText.ts";
import { unpackedFile } from "./packedFile.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
import type { TensorInfo } from "./safetensorsHeader.ts";
import { INDEX_FILE, readIndex, SINGLE_FILE } from "./shardIndex.ts";
import type { TensorFile } from "./tensorFile.ts";

/** The named tensors of a model, from one safetensors or GGUF file or from the shards of a Hugging Face directory. */
export interface Checkpoint {
  /** The file or directory it was opened from. */
  readonly path: string;
  /** config.json beside the weights, or null when there is none. */
  readonly configPath: string | null;
  names(): string[];
  has(name: string): boolean;
  /** Dtype and shape as stored. */
  info(name: string): TensorInfo;
  /** Whether the tensor holds real numbers that `read` gives (F32, F16, BF16, or a block format of GGUF). */
  readable(name: string): boolean;
  /** The tensor as float32, row-major, in a fresh buffer. @throws UserError where it is not readable */
  read(name: string): Float32Array<ArrayBuffer>;
  /** The tensor's bytes as a safetensors file stores them, of any dtype. @throws UserError where the file is no such file */
  readRaw(name: string): Uint8Array;
  /**
   * Reads elements from … to (exclusive) of a tensor as `read` would give them, without holding the others in memory; null
   * where the file's format has only whole tensors.
   */
  slices(name: string): ((from: number, to: number) => Float32Array<ArrayBuffer>) | null;
  /**
   * SHA-256 of the weights in hex, computed once, by streaming. One file: the hash of its bytes, as `sha256sum` prints it.
   * Shards: the hash of `sha256sum`'s lines ("hash  name\n") for the shards in name order.
   */
  sha256(): string;
  close(): void;
}

const READABLE: ReadonlySet<string> = new Set(READABLE_GGML_TYPES);

/**
 * Opens the weights at `path`: a .safetensors or .gguf file, or a directory with model.safetensors or a shard index.
 * (As in transformers, model.safetensors wins where both exist.)
 * @throws UserError naming the file or the missing shard
 */
export function openCheckpoint(path: string): Checkpoint {
  if (isGguf(path)) return checkpointOf(path, null, [openGgufTensors(path)]);
  if (pathIs("file", path)) return checkpointOf(path, null, [openSafetensors(path)]);
  if (!pathIs("directory", path)) throw new UserError(`${path}: no such model file or folder`);
  const configPath = pathIs("file", join(path, "config.json")) ? join(path, "config.json") : null;
  if (pathIs("file", join(path, SINGLE_FILE))) {
    return checkpointOf(path, configPath, [openPacked(join(path, SINGLE_FILE))]);
  }
  if (pathIs("file", join(path, INDEX_FILE))) {
    const index = readIndex(join(path, INDEX_FILE));
    return checkpointOf(path, configPath, openShards(path, index), index);
  }
  throw new UserError(`${path} has no ${SINGLE_FILE} and no ${INDEX_FILE}${hintAt(path)}`);
}

function openPacked(path: string): TensorFile {
  const file = openSafetensors(path);
  try {
    return unpackedFile(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

function checkpointOf(
  path: string,
  configPath: string | null,
  files: readonly TensorFile[],
  index?: ReadonlyMap<string, string>,
): Checkpoint {
  const home = new Map<string, TensorFile>();
  for (const file of files) {
    for (const name of file.tensors.keys()) {
      if (index === undefined || index.has(name)) home.set(name, file);
    }
  }
  const homeOf = (name: string): TensorFile => {
    const file = home.get(name);
    if (file === undefined) throw new UserError(`${path} has no tensor ${JSON.stringify(name)}`);
    return file;
  };
  let hash: string | undefined;
  return {
    path,
    configPath,
    names: () => [...home.keys()],
    has: (name) => home.has(name),
    info: (name) => homeOf(name).tensors.get(name) as TensorInfo,
    readable: (name) => READABLE.has(homeOf(name).tensors.get(name)!.dtype),
    read: (name) => homeOf(name).readFloat32(name),
    readRaw: (name) => {
      const file = homeOf(name);
      if (file.readRaw) return file.readRaw(name);
      const { dtype } = file.tensors.get(name)!;
      throw new UserError(`${file.path}: tensor ${JSON.stringify(name)} is ${dtype}, which cannot be copied`);
    },
    slices: (name) => {
      const file = homeOf(name);
      return file.readSlice === undefined ? null : (from, to) => file.readSlice!(name, from, to);
    },
    sha256: () => {
      hash ??= hashOf(files);
      return hash;
    },
    close: () => {
      for (const file of files) file.close();
    },
  };
}

function openShards(directory: string, index: ReadonlyMap<string, string>): SafetensorsFile[] {
  const indexPath = join(directory, INDEX_FILE);
  const names = [...new Set(index.values())].sort();
  const missing = names.filter((name) => !pathIs("file", join(directory, name)));
  if (missing.length > 0) {
    const others = missing.length > 1 ? ` and ${missing.length - 1} more of ${names.length} shards` : "";
    throw new UserError(`${directory}: shard ${missing[0]} is missing${others}, named by ${INDEX_FILE}`);
  }
  const files: SafetensorsFile[] = [];
  try {
    for (const name of names) files.push(openSafetensors(join(directory, name)));
    const seen = new Map<string, string>();
    for (const file of files) {
      for (const tensor of file.tensors.keys()) {
        const first = seen.get(tensor);
        const shard = basename(file.path);
        if (first !== undefined) {
          throw new UserError(
            `${indexPath}: tensor ${JSON.stringify(tensor)} lies in two shards, ${first} and ${shard}`,
          );
        }
        seen.set(tensor, shard);
      }
    }
    for (const [tensor, shard] of index) {
      if (seen.get(tensor) === shard) continue;
      const found = seen.has(tensor) ? `it lies in ${seen.get(tensor)}` : "no shard has it";
      throw new UserError(`${indexPath}: tensor ${JSON.stringify(tensor)} should lie in ${shard}, but ${found}`);
    }
    return files;
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
}

function hashOf(files: readonly TensorFile[]): string {
  const hashes = files.map((file) => {
    const hash = createHash("sha256");
    for (const chunk of file.chunks()) hash.update(chunk);
    return { name: basename(file.path), hex: hash.digest("hex") };
  });
  if (hashes.length === 1) return hashes[0]!.hex;
  const lines = hashes.map(({ name, hex }) => `${hex}  ${name}\n`).join("");
  return createHash("sha256").update(lines).digest("hex");
}

/** What is there instead, when it is something people mistake for safetensors. */
function hintAt(directory: string): string {
  const names = readdirSync(directory).sort();
  const other = names.find((name) => /\.(safetensors|gguf|bin|pth?|msgpack|h5|onnx)$/.test(name));
  if (other === undefined) return "";
  if (/\.(?:safetensors|gguf)$/.test(other)) return `; to use ${other}, give that file's path`;
  return `; it has ${other}, but only safetensors and GGUF files can be read`;
}
