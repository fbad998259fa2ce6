import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../../formats/error.ts";
import { pathIs } from "../storage/files.ts";
import { cachedSnapshot, isHubId } from "./hubCache.ts";
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
  const cached = cachedSnapshot(spec);
  if ("directory" in cached) return { kind: "directory", name: spec, dir: cached.directory, source: "hub" };
  throw new UserError(
    `model ${spec}: no such file or folder, and ${cached.missing}; fetch it first: hf download ${spec}`,
  );
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
