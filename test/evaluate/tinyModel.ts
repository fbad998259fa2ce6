import { join } from "node:path";
import { loadWeights, openCheckpoint, packageRoot, readModelConfig, tensorShapes } from "../../evaluate/model/index.ts";

/** All of a model's folder or file. */
export function readModel(path: string) {
  const config = readModelConfig(path);
  const checkpoint = openCheckpoint(path);
  try {
    return { config, shapes: tensorShapes(config), weights: loadWeights(checkpoint, config) };
  } finally {
    checkpoint.close();
  }
}

/** The two-layer random Llama of the golden files, or another of them. */
export const tinyModel = (name = "tiny-llama-untied") => readModel(join(packageRoot(), "test", "golden", name));
