import { linearLayers } from "../../../evaluate/model/index.ts";
import type { TokenWindows } from "../../../evaluate/training/index.ts";
import { uniforms } from "../../random.ts";
import * as golden from "../tinyModel.ts";

/** A random model of two small blocks, and a text with something to learn: tokens that mostly follow each other. */
export function tinyModel(name = "tiny-llama-tied") {
  const model = golden.tinyModel(name);
  return { ...model, linears: linearLayers(model.config) };
}

export function tinyText(vocab: number, count = 40, context = 9): TokenWindows {
  const uniform = uniforms(4);
  let token = 1;
  const windows = Int32Array.from({ length: count * context }, () => {
    token = uniform() < 0.8 ? (token * 3 + 1) % vocab : Math.floor(uniform() * vocab);
    return token;
  });
  return { windows, count, context };
}
