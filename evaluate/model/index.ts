export * from "./checkpoint.ts";
export * from "./config.ts";
export * from "./layers.ts";
export * from "./llamaNames.ts";
export * from "./resolve.ts";
export { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
export type { TensorInfo } from "./safetensorsHeader.ts";
export * from "./tokenizer.ts";
export * from "./writeSafetensors.ts";
