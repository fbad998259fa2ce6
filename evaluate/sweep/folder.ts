import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import { isSystemError, systemReason, writeFileAtomic } from "../storage/files.ts";
import type { TensorProfile } from "../trial/row.ts";

/** What a sweep folder holds beside its journal: all that a report needs except the rows. */
export interface SweepManifest {
  /** The command line that made the rows. */
  command: string;
  /** ISO 8601 time of the last start. */
  createdAt: string;
  versions: Record<string, string>;
  config: Record<string, unknown>;
  /** Keys of the trials, in plan order: the journal may also hold rows of other configs. */
  keys: string[];
  profiles: TensorProfile[];
  codebooks: { id: string; label: string; family: string; values: number[] }[];
}

export const MANIFEST_FILE = "sweep.json";

/** A profile takes some 200 bytes and a model has at most 100 000 tensors: far below this. */
const MANIFEST_BYTES_MAX = 64 * 1024 * 1024;

/** Writes the manifest of a sweep folder, whole or not at all. Throws UserError naming the file. */
export function writeManifest(directory: string, manifest: SweepManifest): void {
  writeFileAtomic(join(directory, MANIFEST_FILE), `${JSON.stringify(manifest, null, 1)}\n`);
}

/** Reads the manifest of a sweep folder. Throws UserError naming the file and the field that is wrong. */
export function readManifest(directory: string): SweepManifest {
  const path = join(directory, MANIFEST_FILE);
  const value = readJson(path);
  const wrong = (field: string, expected: string) => new UserError(`${path}: ${field}: expected ${expected}`);
  if (!isRecord(value)) throw wrong("the file", "an object");
  const { command, createdAt, versions, config, keys, profiles, codebooks } = value;
  if (typeof command !== "string") throw wrong("command", "a text");
  if (typeof createdAt !== "string" || Number.isNaN(Date.parse(createdAt))) throw wrong("createdAt", "a time");
  if (!isRecord(versions) || !Object.values(versions).every((version) => typeof version === "string"))
    throw wrong("versions", "an object of texts");
  if (!isRecord(config)) throw wrong("config", "an object");
  if (!Array.isArray(keys) || !keys.every(isText)) throw wrong("keys", "a list of trial keys");
  if (!Array.isArray(profiles) || !profiles.every(isProfile)) throw wrong("profiles", "a list of tensor profiles");
  if (!Array.isArray(codebooks) || !codebooks.every(isCodebook)) throw wrong("codebooks", "a list of codebooks");
  return { command, createdAt, versions: versions as Record<string, string>, config, keys, profiles, codebooks };
}

function readJson(path: string): unknown {
  try {
    if (statSync(path).size > MANIFEST_BYTES_MAX)
      throw new UserError(`${path}: larger than ${MANIFEST_BYTES_MAX} bytes`);
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (isSystemError(error))
      throw new UserError(`cannot read ${path}: ${systemReason(error)}; is this a sweep folder?`);
    if (error instanceof SyntaxError) throw new UserError(`${path}: not valid JSON: ${error.message}`);
    throw error;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => Number.isFinite(value);
const isNumbers = (value: unknown) => Array.isArray(value) && value.every(isNumber);

function isProfile(value: unknown): value is TensorProfile {
  if (!isRecord(value)) return false;
  const { name, layer, kind, shape, nu, nuSigma, verdict, gain } = value;
  return (
    [name, kind, verdict].every(isText) &&
    [layer, nu, nuSigma].every((number) => number === null || isNumber(number)) &&
    isNumber(gain) &&
    isNumbers(shape)
  );
}

function isCodebook(value: unknown): value is SweepManifest["codebooks"][number] {
  return isRecord(value) && [value.id, value.label, value.family].every(isText) && isNumbers(value.values);
}
