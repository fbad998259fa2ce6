import { openGguf } from "./gguf.ts";
import { ggufFamily } from "./ggufFamilies.ts";
import { ggufTensors, undoRotaryOrder } from "./ggufTensors.ts";
import type { TensorFile } from "./tensorFile.ts";

/**
 * Opens the tensors of a GGUF file as transformers would have them: those of a known family by their Hugging Face
 * names, with the rows of q_proj and k_proj in Hugging Face's order; those of another architecture as they are.
 * @throws UserError naming the file and what is wrong with it
 */
export function openGgufTensors(path: string): TensorFile {
  const file = openGguf(path);
  const family = ggufFamily(file);
  if (family === null) return file;
  try {
    const tensors = ggufTensors(file, family);
    return {
      path,
      tensors: new Map([...tensors].map(([name, { info }]) => [name, info])),
      readFloat32(name) {
        const tensor = tensors.get(name);
        const data = file.readFloat32(tensor?.source ?? name);
        if (tensor?.rotaryHeads) undoRotaryOrder(data, tensor.info.shape[0]!, tensor.rotaryHeads);
        return data;
      },
      chunks: () => file.chunks(),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
