/** Pieces longer than this are not split: real ones have at most some 50 characters, and splits cost the square. */
const MAX_PIECE_CHARACTERS = 512;

interface Merge {
  readonly pair: [left: string, right: string];
  readonly score: number;
  /** Lengths of the parts in characters. */
  readonly lengths: readonly [number, number];
  /** Ranks of the parts in the vocabulary. */
  readonly ranks: readonly [number, number];
}

/**
 * The merges of a SentencePiece BPE vocabulary, first the piece with the highest score: every way to put a piece
 * together from two others (transformers, tokenization_utils_sentencepiece.py, generate_merges).
 * @param pieces normal pieces and their scores, in the order of their ids
 */
export function mergesByScore(pieces: ReadonlyMap<string, number>): [left: string, right: string][] {
  const ranks = new Map([...pieces.keys()].map((piece, rank) => [piece, rank]));
  const merges: Merge[] = [];
  for (const [piece, score] of pieces) {
    const characters = Array.from(piece);
    if (characters.length > MAX_PIECE_CHARACTERS) continue;
    const local: Merge[] = [];
    for (let cut = 1; cut < characters.length; cut++) {
      const left = characters.slice(0, cut).join("");
      const right = characters.slice(cut).join("");
      const [l, r] = [ranks.get(left), ranks.get(right)];
      if (l === undefined || r === undefined) continue;
      local.push({ pair: [left, right], score, lengths: [cut, characters.length - cut], ranks: [l, r] });
    }
    merges.push(...local.sort((a, b) => a.ranks[0] - b.ranks[0] || a.ranks[1] - b.ranks[1]));
  }
  return merges
    .sort((a, b) => b.score - a.score || b.lengths[0] - a.lengths[0] || b.lengths[1] - a.lengths[1])
    .map(({ pair }) => pair);
}
