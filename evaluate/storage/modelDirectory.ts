import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../formats/error.ts";
import { PACKED_METHOD } from "../model/architectures/configFields.ts";
import {
  isGguf,
  isModelTextName,
  type RawTensorEntry,
  readModelText,
  type StreamedTensorEntry,
  streamSafetensors,
  type TensorEntry,
} from "../model/index.ts";
import { SIDE_FILE_BYTES_MAX, SIDE_FILES } from "../model/sideFiles.ts";
import { parseStrictJson, type StrictJson } from "../model/strictJson.ts";
import { strictJsonText } from "../model/strictJsonText.ts";
import { isSystemError, makeDirectory, pathIs, systemReason, writeFileAtomic } from "./files.ts";

/** Record of how a model directory was made, beside the weights. */
export const RECORD_FILE = "bitfrontier.json";

/** Throws UserError unless `out` is absent or an empty folder. */
export function requireEmptyOutput(out: string): void {
  if (!statSync(out, { throwIfNoEntry: false })) return;
  if (!pathIs("directory", out)) throw new UserError(`output folder ${out}: is a file; give a new folder`);
  if (readdirSync(out).length > 0) throw new UserError(`output folder ${out}: not empty; give a new one`);
}

/**
 * Writes a model as a Hugging Face directory: weights as float32 (so that a dequantized value is kept exactly), the
 * source's config with that dtype and `changes`, its tokenizer files, and the record, which is asked for when the weights
 * are written, as `metadata` of the weights is when they are listed. Everything is written into a temporary folder beside `out` and renamed at the end, so `out` appears whole
 * or not at all.
 * Throws UserError when `out` is not empty or the disk refuses.
 */
export async function writeModelDirectory(
  out: string,
  source: string,
  tensors: Iterable<TensorEntry | RawTensorEntry | StreamedTensorEntry>,
  record: () => object,
  changes: Readonly<Record<string, StrictJson>> = {},
  metadata: () => Readonly<Record<string, string>> = () => ({}),
): Promise<void> {
  const target = resolve(out);
  requireEmptyOutput(target);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    makeDirectory(temporary);
    await streamSafetensors(join(temporary, "model.safetensors"), tensors, () => ({
      format: "pt",
      ...metadata(),
    }));
    const config = readModelText(source, "config.json", SIDE_FILE_BYTES_MAX);
    if (config === null) throw new UserError(`${source} has no config.json`);
    writeFileAtomic(join(temporary, "config.json"), float32Config(config, join(source, "config.json"), changes));
    for (const name of SIDE_FILES) copyIfPresent(source, name, join(temporary, name));
    writeFileAtomic(join(temporary, RECORD_FILE), `${JSON.stringify(record(), null, 1)}\n`);
    // Windows does not rename over an empty folder.
    if (pathIs("directory", target)) rmdirSync(target);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw isSystemError(error) ? new UserError(`output folder ${out}: cannot write: ${systemReason(error)}`) : error;
  }
}

/** The source's config.json, as written but for the dtype: transformers would round to the published one on loading. */
function float32Config(text: string, path: string, changes: Readonly<Record<string, StrictJson>>): string {
  const config = parseStrictJson(text);
  if (!(config instanceof Map)) throw new UserError(`${path} does not hold a JSON object`);
  config.delete("dtype");
  // Of a packed source, whose weights are read as what they stand for.
  const quantization = config.get("quantization_config");
  if (quantization instanceof Map && quantization.get("quant_method") === PACKED_METHOD)
    config.delete("quantization_config");
  config.set("torch_dtype", "float32");
  for (const [field, value] of Object.entries(changes)) config.set(field, value);
  return `${strictJsonText(config)}\n`;
}

/** A GGUF file stands for a folder with two of the files. */
function copyIfPresent(source: string, name: string, to: string): void {
  if (isGguf(source)) {
    const text = isModelTextName(name) ? readModelText(source, name, SIDE_FILE_BYTES_MAX) : null;
    if (text !== null) writeFileAtomic(to, text);
    return;
  }
  const from = join(source, name);
  if (!pathIs("file", from)) return;
  if (statSync(from).size > SIDE_FILE_BYTES_MAX)
    throw new UserError(`${from}: more than ${SIDE_FILE_BYTES_MAX} bytes; not a tokenizer file`);
  writeFileAtomic(to, readFileSync(from));
}
