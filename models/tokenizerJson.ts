import { type Bpe, SPECIAL_ID } from "./bpe.ts";
import { byteLevelName } from "./byteLevel.ts";

/**
 * The vocabulary as Hugging Face's tokenizer.json: byte-level BPE, no prefix space, the special token put before every
 * text. Merges are written as "left right" strings, the spelling that every release of the format reads.
 */
export function tokenizerJson(bpe: Bpe): string {
  const nameOf = (id: number) => (id === SPECIAL_ID ? bpe.specialToken : byteLevelName(bpe.tokens[id]!));
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const special = { SpecialToken: { id: bpe.specialToken, type_id: 0 } };
  const sequence = (id: "A" | "B") => ({ Sequence: { id, type_id: id === "A" ? 0 : 1 } });
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [{ id: SPECIAL_ID, content: bpe.specialToken, ...SPECIAL_FLAGS }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      type: "TemplateProcessing",
      single: [special, sequence("A")],
      pair: [special, sequence("A"), { SpecialToken: { id: bpe.specialToken, type_id: 1 } }, sequence("B")],
      special_tokens: {
        [bpe.specialToken]: { id: bpe.specialToken, ids: [SPECIAL_ID], tokens: [bpe.specialToken] },
      },
    },
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(bpe.tokens.map((_, id) => [nameOf(id), id])),
      merges: bpe.merges.map(([left, right]) => `${nameOf(left)} ${nameOf(right)}`),
    },
  };
  return `${JSON.stringify(json, null, 1)}\n`;
}

/** The tokenizer_config.json beside it: the special token is BOS and EOS, and BOS is added to every text. */
export function tokenizerConfigJson(bpe: Bpe): string {
  const json = {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: bpe.specialToken,
    eos_token: bpe.specialToken,
    add_bos_token: true,
    add_eos_token: false,
    // Its default rewrites " ," to "," on decoding, so that decode(encode(x)) is not x.
    clean_up_tokenization_spaces: false,
    added_tokens_decoder: { [SPECIAL_ID]: { content: bpe.specialToken, ...SPECIAL_FLAGS } },
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

const SPECIAL_FLAGS = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
