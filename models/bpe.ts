import { UserError } from "../formats/error.ts";
import { BYTES_BY_CHARACTER, byteLevelName, preTokenize } from "./byteLevel.ts";

/** A trained byte-level BPE vocabulary. Ids: 0 is the special token, 1–256 the bytes, then one per merge. */
export interface Bpe {
  /** Begins every document and separates documents; both BOS and EOS. */
  specialToken: string;
  /** id → bytes; entry 0 (the special token) is empty. */
  tokens: Uint8Array[];
  /** [left id, right id, id of the result] in the order learned, which is the order in which encoding applies them. */
  merges: [left: number, right: number, merged: number][];
}

export const SPECIAL_TOKEN = "<|endoftext|>";
export const SPECIAL_ID = 0;
const FIRST_BYTE_ID = 1;
/** Token streams are stored as 16-bit words. */
const MAX_VOCAB = 65_536;
const MIN_VOCAB = FIRST_BYTE_ID + 256;

/**
 * Learns byte-pair merges (Sennrich et al. 2016, Algorithm 1, over bytes as in GPT-2): repeatedly joins the most
 * frequent adjacent pair within pre-tokenized pieces. Ties go to the pair with the smaller left id, then right id, which
 * makes ids and merges equal those of Hugging Face's BpeTrainer (checked in test/models). Pair counts are kept
 * incrementally: a merge revisits only the words that hold its pair.
 * @param vocabSize ids wanted, special token and 256 bytes included; 257 to 65536
 * @param minFrequency pairs seen less often are not merged, so a small corpus may give fewer tokens than asked
 */
export function trainBpe(texts: Iterable<string>, vocabSize: number, minFrequency = 2): Bpe {
  if (!Number.isInteger(vocabSize) || vocabSize < MIN_VOCAB || vocabSize > MAX_VOCAB) {
    throw new UserError(`vocabSize ${vocabSize}: expected a whole number from ${MIN_VOCAB} to ${MAX_VOCAB}`);
  }
  const { words, counts } = countWords(texts);
  const pairs = new PairTable();
  for (let w = 0; w < words.length; w++) pairs.add(words[w]!, w, counts[w]!);
  const tokens = [new Uint8Array(0), ...BYTES_BY_CHARACTER.map((byte) => Uint8Array.of(byte))];
  const idOf = new Map(tokens.map((bytes, id) => [byteLevelName(bytes), id]));
  const merges: Bpe["merges"] = [];
  while (tokens.length < vocabSize) {
    const best = pairs.mostFrequent();
    if (best === undefined || best.count < minFrequency) break;
    const left = Math.floor(best.key / MAX_VOCAB);
    const right = best.key % MAX_VOCAB;
    const bytes = Uint8Array.of(...tokens[left]!, ...tokens[right]!);
    // The same bytes can arise from two different splits; they are one token (as in the Rust trainer).
    const name = byteLevelName(bytes);
    const merged = idOf.get(name) ?? tokens.length;
    if (merged === tokens.length) {
      tokens.push(bytes);
      idOf.set(name, merged);
    }
    merges.push([left, right, merged]);
    for (const w of pairs.wordsWith(best.key)) {
      pairs.remove(words[w]!, counts[w]!);
      words[w] = mergePair(words[w]!, left, right, merged);
      pairs.add(words[w]!, w, counts[w]!);
    }
    pairs.forget(best.key);
  }
  return { specialToken: SPECIAL_TOKEN, tokens, merges };
}

/** Joins every occurrence of (left, right) from left to right. */
export function mergePair(ids: readonly number[], left: number, right: number, merged: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      out.push(merged);
      i++;
    } else out.push(ids[i]!);
  }
  return out;
}

/** byte → id of its one-byte token. */
export function byteIds(): Uint16Array {
  const ids = new Uint16Array(256);
  BYTES_BY_CHARACTER.forEach((byte, rank) => {
    ids[byte] = FIRST_BYTE_ID + rank;
  });
  return ids;
}

function countWords(texts: Iterable<string>): { words: number[][]; counts: number[] } {
  const frequency = new Map<string, number>();
  for (const text of texts)
    for (const piece of preTokenize(text)) frequency.set(piece, (frequency.get(piece) ?? 0) + 1);
  const ids = byteIds();
  const utf8 = new TextEncoder();
  const words = Array.from(frequency.keys(), (piece) => Array.from(utf8.encode(piece), (byte) => ids[byte]!));
  return { words, counts: [...frequency.values()] };
}

/** How often each adjacent pair occurs over all words, and in which words it may occur. */
class PairTable {
  private readonly counts = new Map<number, number>();
  private readonly words = new Map<number, Set<number>>();

  add(ids: readonly number[], word: number, count: number): void {
    for (let i = 0; i + 1 < ids.length; i++) {
      const key = ids[i]! * MAX_VOCAB + ids[i + 1]!;
      this.counts.set(key, (this.counts.get(key) ?? 0) + count);
      const holders = this.words.get(key);
      if (holders === undefined) this.words.set(key, new Set([word]));
      else holders.add(word);
    }
  }

  remove(ids: readonly number[], count: number): void {
    for (let i = 0; i + 1 < ids.length; i++) {
      const key = ids[i]! * MAX_VOCAB + ids[i + 1]!;
      this.counts.set(key, this.counts.get(key)! - count);
    }
  }

  wordsWith(key: number): Set<number> {
    // A copy: merging changes the set.
    return new Set(this.words.get(key));
  }

  /** Drops a pair that has just been merged everywhere. */
  forget(key: number): void {
    this.counts.delete(key);
    this.words.delete(key);
  }

  mostFrequent(): { key: number; count: number } | undefined {
    let best: { key: number; count: number } | undefined;
    for (const [key, count] of this.counts) {
      if (best === undefined || count > best.count || (count === best.count && key < best.key)) best = { key, count };
    }
    return best;
  }
}
