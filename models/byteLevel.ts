/**
 * GPT-2's pre-tokenizer (openai/gpt-2 encoder.py; Hugging Face's ByteLevel with use_regex). The Rust reference's `\s` is
 * Unicode White_Space, JavaScript's differs from it in U+0085 and U+FEFF, so the property is named.
 */
const PIECES =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Cuts text into the pieces that merges never cross; the pieces concatenate to the text. */
export function preTokenize(text: string): string[] {
  return text.match(PIECES) ?? [];
}

/**
 * GPT-2's one-character name of every byte (encoder.py bytes_to_unicode): printable Latin-1 stands for itself, the
 * other 68 bytes for U+0100 onwards.
 */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters();

/** The 256 bytes in the order in which Hugging Face's BpeTrainer numbers them: by their character's code point. */
export const BYTES_BY_CHARACTER: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte).sort(
  (a, b) => character(a).codePointAt(0)! - character(b).codePointAt(0)!,
);

/** The byte-level name of a byte string, as it stands in tokenizer.json (" the" → "Ġthe"). */
export function byteLevelName(bytes: Iterable<number>): string {
  let name = "";
  for (const byte of bytes) name += character(byte);
  return name;
}

function character(byte: number): string {
  return BYTE_CHARACTERS[byte] as string;
}

function byteCharacters(): string[] {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}
