export { readModelConfig as readLlamaConfig } from "./config.ts";
export { linearLayers as llamaLinears, loadWeights as loadLlama, tensorShapes as llamaTensorShapes } from "./layers.ts";
