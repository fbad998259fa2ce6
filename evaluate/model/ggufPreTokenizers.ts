/** How a byte-level BPE cuts a text into words before merging. */
export interface PreTokenizer {
  /** One after the other; each match is a word, and so is what lies between. */
  readonly patterns: readonly string[];
  /** Whether a word that is a token as it is skips the merges. */
  readonly wholeWords: boolean;
  /** Whether a BOS goes in front where the file does not say. */
  readonly addsBos: boolean;
}

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const CONTRACTIONS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const REST = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const LLAMA3 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|${REST}`;
const QWEN2 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|${REST}`;

const plain = (...patterns: string[]): PreTokenizer => ({ patterns, wholeWords: false, addsBos: false });
const llama3: PreTokenizer = { patterns: [LLAMA3], wholeWords: true, addsBos: true };
const digits = plain("\\p{N}", GPT2);

/**
 * By the value of tokenizer.ggml.pre (llama.cpp, llama-vocab.cpp: llm_tokenizer_bpe and llama_vocab::impl::load). A file
 * without the key is of 2023 or early 2024, and llama.cpp takes "default" for it.
 */
export const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizer> = new Map([
  ["default", plain("[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]")],
  ["gpt-2", plain(GPT2)],
  ["phi-2", plain(GPT2)],
  ["mpt", plain(GPT2)],
  ["olmo", plain(GPT2)],
  ["smollm", digits],
  ["starcoder", digits],
  ["refact", digits],
  ["command-r", digits],
  ["codeshell", digits],
  ["llama-bpe", llama3],
  ["llama3", llama3],
  ["llama-v3", llama3],
  ["falcon3", llama3],
  ["dbrx", plain(LLAMA3)],
  ["smaug-bpe", plain(LLAMA3)],
  ["qwen2", plain(QWEN2)],
  ["stablelm2", plain(QWEN2)],
]);
