import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../evaluate/model/index.ts";

const letters = "abcdefghijklmnopqrstuvwxyz";

/** A folder with the two-layer Llama of test/golden (hidden size 32), or another of its models, and a tokenizer of one token a letter. */
export function writeTinyModel(folder: string, name = "tiny-llama-tied"): string {
  mkdirSync(folder, { recursive: true });
  cpSync(join(packageRoot(), "test", "golden", name), folder, { recursive: true });
  rmSync(join(folder, "expected.golden.json"));
  // Byte-level BPE writes a space as Ġ and a line feed as Ċ.
  const vocab = Object.fromEntries(["<unk>", "<s>", "</s>", ...letters, "Ġ", "Ċ"].map((token, id) => [token, id]));
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab,
      merges: [],
    },
  };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  return folder;
}

/** A text of `length` letters and spaces, one token each. */
export function tinyText(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48271) % 0x7fffffff;
    return `${letters} `[state % 27];
  }).join("");
}
