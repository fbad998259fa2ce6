import { UserError } from "../../formats/error.ts";
import { type Architecture, architectures, type ModelConfig } from "./architectures/index.ts";
import { describe, type JsonFields } from "./jsonFields.ts";
import { readModelJson } from "./modelText.ts";

export type { LlamaConfig, ModelConfig } from "./architectures/index.ts";

export const SUPPORTED_ARCHITECTURES: readonly string[] = architectures.map(({ name }) => name);

/** Real files have a few kB; some list thousands of labels. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;

/**
 * Reads config.json of a model directory, or the configuration in a GGUF file.
 * @throws UserError naming the file, the field, what was found and what is supported
 */
export function readModelConfig(directory: string): ModelConfig {
  const fields = readConfigFields(directory);
  const architecture = findArchitecture(fields);
  if (architecture) return architecture.readConfig(fields);
  const supported = `supported: ${SUPPORTED_ARCHITECTURES.join(", ")}`;
  const names = namesOf(fields);
  if (names === null) {
    const modelType = describe(fields.text("model_type"));
    throw new UserError(`${fields.path}: no architectures, and model_type is ${modelType}; ${supported}`);
  }
  const found = names.map(describe).slice(0, 4).join(", ") || "an empty list";
  throw new UserError(`${fields.path}: architecture ${found} is not supported; ${supported}`);
}

/**
 * Whether config.json names an architecture that can be run here.
 * @throws UserError when there is no config.json or it is malformed
 */
export function isSupportedModel(directory: string): boolean {
  return findArchitecture(readConfigFields(directory)) !== undefined;
}

function readConfigFields(directory: string): JsonFields {
  return readModelJson(directory, "config.json", MAX_CONFIG_BYTES);
}

function findArchitecture(fields: JsonFields): Architecture | undefined {
  const names = namesOf(fields);
  const modelType = names === null ? fields.text("model_type") : null;
  return architectures.find((each) => (names === null ? each.modelType === modelType : names.includes(each.name)));
}

/** The list of architectures; null where the file has none. */
function namesOf(fields: JsonFields): string[] | null {
  const names = fields.raw("architectures") ?? null;
  if (names === null) return null;
  if (Array.isArray(names) && names.every((item) => typeof item === "string")) return names;
  throw new UserError(`${fields.path}: architectures must be a list of names, found ${describe(names)}`);
}
