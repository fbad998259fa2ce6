/** Files of a Hugging Face model directory that belong to its text side or its terms: true for any weights of the model. */
export const SIDE_FILES: readonly string[] = [
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "vocab.txt",
  "merges.txt",
  "tokenizer.model",
  "chat_template.jinja",
  "LICENSE",
  "LICENSE.txt",
  "LICENSE.md",
  "NOTICE",
];

/** tokenizer.json of Gemma 3, the largest published, has 35 MB. */
export const SIDE_FILE_BYTES_MAX = 128 * 1024 * 1024;
