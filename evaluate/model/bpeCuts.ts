/**
 * Where a text can be cut before byte-pair encoding without changing a single token.
 *
 * A merge (l, r) joins two neighbouring pieces, so it can remove the boundary between the characters x|y only if l ends
 * in x and r begins with y. Where no merge of the list does, the boundary survives to the end; merges on its two sides
 * then never touch the same piece, and each side ends up as if it had been encoded alone. In SentencePiece vocabularies
 * this cuts at least between words, so that a text of megabytes, which such a tokenizer treats as one word, costs
 * linear time and little memory.
 */

/** Distinct from all pairs: code points stay below 2^21. */
const CODE_POINTS = 0x110000;

/** The pairs x|y that some merge can join. `merges` are pairs of pieces, or "l r". */
export function joinablePairs(merges: readonly unknown[]): Set<number> {
  const pairs = new Set<number>();
  for (const merge of merges) {
    const [left, right] = Array.isArray(merge) ? merge : String(merge).split(" ", 2);
    if (typeof left !== "string" || typeof right !== "string" || left === "" || right === "") continue;
    pairs.add(Array.from(left).at(-1)!.codePointAt(0)! * CODE_POINTS + right.codePointAt(0)!);
  }
  return pairs;
}

/** The text in pieces, cut at every boundary of code points that no merge can join. */
export function cutUnjoinable(text: string, pairs: ReadonlySet<number>): string[] {
  const pieces: string[] = [];
  let start = 0;
  let previous = -1;
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    if (previous >= 0 && !pairs.has(previous * CODE_POINTS + codePoint)) {
      pieces.push(text.slice(start, i));
      start = i;
    }
    previous = codePoint;
    i += codePoint > 0xffff ? 2 : 1;
  }
  if (start < text.length) pieces.push(text.slice(start));
  return pieces;
}
