import type { GgufFile } from "./gguf.ts";

/** An architecture of llama.cpp whose tensors and settings are those of a Llama, under other names. */
export interface GgufFamily {
  /** Value of general.architecture, and prefix of its settings. */
  readonly name: string;
  /** What config.json calls it. */
  readonly architecture: string;
  readonly modelType: string;
  /** Whether llama.cpp rotates neighbouring rows of q and k (rope type "norm"), not the halves of a head ("neox"). */
  readonly rotatesNeighbours: boolean;
}

/** A new one is a line here, if its tensors are named like a Llama's (llama.cpp, llama-arch.cpp and llama_model_rope_type). */
const FAMILIES: readonly GgufFamily[] = [
  { name: "llama", architecture: "LlamaForCausalLM", modelType: "llama", rotatesNeighbours: true },
  { name: "qwen2", architecture: "Qwen2ForCausalLM", modelType: "qwen2", rotatesNeighbours: false },
];

export const GGUF_FAMILY_NAMES: readonly string[] = FAMILIES.map(({ name }) => name);

/** The family of a file; null when it is another architecture. */
export function ggufFamily(file: GgufFile): GgufFamily | null {
  const name = file.metadata.get("general.architecture");
  return FAMILIES.find((family) => family.name === name) ?? null;
}
