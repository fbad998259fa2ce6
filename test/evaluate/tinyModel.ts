import { join } from "node:path";
import { loadWeights, openCheckpoint, packageRoot, readModelConfig, tensorShapes } from "../../evaluate/model/index.ts";

/** The two-layer random Llama of the golden files. */
export function tinyModel(name = "tiny-llama-untied") {
  const dir = join(packageRoot(), "test", "golden", name);
  const config = readModelConfig(dir);
  const checkpoint = openCheckpoint(dir);
  try {
    return { config, shapes: tensorShapes(config), weights: loadWeights(checkpoint, config) };
  } finally {
    checkpoint.close();
  }
}
