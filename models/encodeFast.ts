import { type Bpe, byteIds, mergePair } from "./bpe.ts";
import { preTokenize } from "./byteLevel.ts";

/** A corpus has some 60 thousand distinct pieces; the cap bounds memory on text made of unique ones. */
const MAX_CACHED_PIECES = 500_000;
/** Longer pieces are rarely repeated, and caching them would hold on to the text. */
const MAX_CACHED_LENGTH = 64;

/**
 * A tokenizer for whole corpora: each distinct piece is merged once and then looked up. Gives the ids that
 * @huggingface/tokenizers gives for the same vocabulary without special tokens, except that the special token's spelling
 * inside the text is ordinary text here, so a document cannot forge a boundary.
 * @returns text → ids (no BOS)
 */
export function encodeFast(bpe: Bpe): (text: string) => Uint16Array {
  const single = byteIds();
  const rank = new Map(bpe.merges.map(([left, right, merged], order) => [left * 65_536 + right, { order, merged }]));
  const utf8 = new TextEncoder();
  const cache = new Map<string, readonly number[]>();

  function encodePiece(piece: string): readonly number[] {
    let ids = Array.from(utf8.encode(piece), (byte) => single[byte]!);
    for (;;) {
      let best: { order: number; merged: number } | undefined;
      let at = 0;
      for (let i = 0; i + 1 < ids.length; i++) {
        const found = rank.get(ids[i]! * 65_536 + ids[i + 1]!);
        if (found !== undefined && (best === undefined || found.order < best.order)) {
          best = found;
          at = i;
        }
      }
      if (best === undefined) return ids;
      ids = mergePair(ids, ids[at]!, ids[at + 1]!, best.merged);
    }
  }

  return (text) => {
    // Every token covers at least one byte, and a UTF-16 unit is at most three bytes.
    let out = new Uint16Array(Math.ceil(text.length / 2) + 16);
    let length = 0;
    for (const piece of preTokenize(text)) {
      let ids = cache.get(piece);
      if (ids === undefined) {
        ids = encodePiece(piece);
        if (piece.length <= MAX_CACHED_LENGTH && cache.size < MAX_CACHED_PIECES) cache.set(piece, ids);
      }
      if (length + ids.length > out.length) {
        const larger = new Uint16Array(Math.max(out.length * 2, length + ids.length));
        larger.set(out.subarray(0, length));
        out = larger;
      }
      for (const id of ids) out[length++] = id;
    }
    return out.slice(0, length);
  };
}

/**
 * The text of a token stream; special tokens are dropped.
 * Bytes that are not UTF-8 (a stream cut inside a character) become U+FFFD.
 */
export function decodeTokens(bpe: Bpe, ids: Iterable<number>): string {
  const bytes: number[] = [];
  for (const id of ids) {
    const token = bpe.tokens[id];
    if (token === undefined) throw new RangeError(`token id ${id}: the vocabulary has ${bpe.tokens.length} entries`);
    for (const byte of token) bytes.push(byte);
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}
