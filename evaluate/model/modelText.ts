import { join } from "node:path";
import { UserError } from "../../formats/error.ts";
import { pathIs } from "../storage/files.ts";
import { openGguf } from "./gguf.ts";
import { ggufConfig } from "./ggufConfig.ts";
import { GGUF_FAMILY_NAMES, ggufFamily } from "./ggufFamilies.ts";
import { ggufTokenizer } from "./ggufTokenizer.ts";
import { type JsonFields, jsonFieldsOf, readJsonFields } from "./jsonFields.ts";
import { readTextFile } from "./readAt.ts";

/** The small files that make weights a model. */
const NAMES = ["config.json", "tokenizer.json", "tokenizer_config.json"] as const;
export type ModelTextName = (typeof NAMES)[number];

export function isModelTextName(name: string): name is ModelTextName {
  return NAMES.some((each) => each === name);
}

/** Whether `model` is a GGUF file: it stands for a folder, since its header holds configuration and tokenizer. */
export function isGguf(model: string): boolean {
  return model.endsWith(".gguf") && pathIs("file", model);
}

/** What error messages call a small file of a model. */
export function modelTextPath(model: string, name: ModelTextName): string {
  return isGguf(model) ? `${model} (as ${name})` : join(model, name);
}

/**
 * A small file of a model: of the folder, or written from the header of a GGUF file.
 * @returns its text; null when the folder has no such file, or the header no tokenizer
 * @throws UserError naming the path when it is too long or not UTF-8, or what the header holds is not supported
 */
export function readModelText(model: string, name: ModelTextName, maxBytes: number): string | null {
  if (!isGguf(model)) {
    const path = join(model, name);
    return pathIs("file", path) ? readTextFile(path, maxBytes) : null;
  }
  const file = openGguf(model);
  try {
    if (name !== "config.json") {
      if (!file.metadata.has("tokenizer.ggml.model")) return null;
      const { tokenizer, config } = ggufTokenizer(file);
      return JSON.stringify(name === "tokenizer.json" ? tokenizer : config);
    }
    const family = ggufFamily(file);
    if (family === null) {
      const found = String(file.metadata.get("general.architecture")).slice(0, 60);
      throw new UserError(
        `${model}: architecture ${JSON.stringify(found)} is not supported; supported: ${GGUF_FAMILY_NAMES.join(", ")}`,
      );
    }
    return JSON.stringify(ggufConfig(file, family));
  } finally {
    file.close();
  }
}

/** A small JSON file of a model that must be there. @throws UserError naming the path, also when it is absent */
export function readModelJson(model: string, name: ModelTextName, maxBytes: number): JsonFields {
  if (!isGguf(model)) return readJsonFields(join(model, name), maxBytes);
  return jsonFieldsOf(readModelText(model, name, maxBytes)!, modelTextPath(model, name));
}
