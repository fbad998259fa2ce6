import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../formats/error.ts";
import { pathIs } from "../files.ts";
import { isGguf } from "./modelText.ts";
import { readTextFile } from "./readAt.ts";

/**
 * Where a MODEL argument leads. A `file` has tensors only; commands that run the model need one of the other kinds. A GGUF
 * file is a whole model, so `dir` is the file itself then: all readers of this folder take it in place of a directory.
 */
export type ResolvedModel =
  | {
      readonly kind: "directory" | "gguf";
      readonly name: string;
      readonly dir: string;
      readonly source: "local" | "reference" | "hub";
    }
  | { readonly kind: "file"; readonly name: string; readonly file: string; readonly source: "local" };

/** The word that names the embedded model; a local folder of that name is reached as ./reference. */
export const REFERENCE_MODEL = "reference";

// huggingface_hub, validate_repo_id: letters, digits, "-", "_", "."; no "--", no ".."; no "-" or "." at an end; 96 in all.
const HUB_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;
const MAX_HUB_ID_LENGTH = 96;
const MAX_REF_BYTES = 1024;

/**
 * Finds what `spec` names: `reference`, a local directory, .safetensors or .gguf file, or a Hub id in the local Hub cache.
 * Never touches the network.
 * @throws UserError saying where was looked
 */
export function resolveModel(spec: string): ResolvedModel {
  if (spec === REFERENCE_MODEL) {
    const dir = join(packageRoot(), "models", "reference");
    if (!pathIs("file", join(dir, "config.json"))) {
      throw new UserError(`the embedded reference model is missing at ${dir}; "npm run train:reference" makes it`);
    }
    return { kind: "directory", name: REFERENCE_MODEL, dir, source: "reference" };
  }
  if (pathIs("directory", spec)) {
    return { kind: "directory", name: basename(resolve(spec)), dir: resolve(spec), source: "local" };
  }
  if (isGguf(spec)) return { kind: "gguf", name: basename(spec, ".gguf"), dir: resolve(spec), source: "local" };
  if (pathIs("file", spec)) {
    if (!spec.endsWith(".safetensors")) {
      throw new UserError(
        `${spec} is a file but no .safetensors or .gguf file; give a model folder or one of these files`,
      );
    }
    return { kind: "file", name: basename(spec, ".safetensors"), file: resolve(spec), source: "local" };
  }
  if (!isHubId(spec))
    throw new UserError(`model ${JSON.stringify(spec)}: no such file or folder, and no Hub id (org/name)`);
  return { kind: "directory", name: spec, dir: cachedSnapshot(spec), source: "hub" };
}

function isHubId(spec: string): boolean {
  const parts = spec.split("/");
  const wellFormed = parts.length <= 2 && parts.every((part) => HUB_NAME.test(part));
  return wellFormed && spec.length <= MAX_HUB_ID_LENGTH && !spec.includes("--") && !spec.includes("..");
}

/** The directory of `main` in the cache layout of huggingface_hub: models--org--name/{refs/main, snapshots/<commit>/}. */
function cachedSnapshot(id: string): string {
  const repository = join(hubCache(), `models--${id.replace("/", "--")}`);
  const ref = join(repository, "refs", "main");
  if (!pathIs("file", ref)) {
    throw new UserError(
      `model ${id}: no such file or folder, and not in the Hub cache at ${repository}; fetch it first: hf download ${id}`,
    );
  }
  const commit = readTextFile(ref, MAX_REF_BYTES).trim();
  const snapshot = join(repository, "snapshots", commit);
  if (!/^[0-9a-f]{40}$/.test(commit) || !pathIs("directory", snapshot)) {
    throw new UserError(
      `model ${id}: the Hub cache is incomplete, ${ref} names no snapshot; repeat: hf download ${id}`,
    );
  }
  return snapshot;
}

/** The cache folder by the rules of huggingface_hub (constants.py). */
function hubCache(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  const direct = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  if (direct) return expandHome(direct);
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
  return join(expandHome(home), "hub");
}

function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

/** The folder of bitfrontier's own package.json: compiled files lie at varying depths below it. */
export function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(directory, "package.json");
    if (pathIs("file", manifest) && JSON.parse(readTextFile(manifest, 2 ** 20)).name === "bitfrontier")
      return directory;
    const parent = dirname(directory);
    if (parent === directory) throw new Error("bitfrontier's package.json is nowhere above its code");
    directory = parent;
  }
}
