import { readCodebook } from "../evaluate/storage/codebookFile.ts";
import type { Input, Option } from "./options.ts";

/** The option of every command that takes format ids. */
export const codebookOption: Option = {
  value: "FILE.json",
  many: true,
  help: "codebook of your own, then named by its id or file name: { values | codes | formula, id, bits, tie, label, source }",
};

/** Defines the codebooks of `--codebook`. Throws UserError naming the file. */
export function useCodebooks(input: Input): void {
  for (const path of input.list("codebook")) readCodebook(path);
}
