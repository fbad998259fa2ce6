/** Tokens of a phrase whose repetition counts. */
const PHRASE = 4;
/** Text in which most phrases stood before teaches a student to loop (BitDistiller, issue 16 of its repository). */
const REPEATED_MAX = 0.5;

/** Share of the runs of four tokens that stood before in the sequence. */
export function repeatedShare(tokens: ArrayLike<number>): number {
  const seen = new Set<string>();
  const count = tokens.length - PHRASE + 1;
  for (let i = 0; i < count; i++) seen.add(Array.from({ length: PHRASE }, (_, k) => tokens[i + k]).join(" "));
  return count > 0 ? 1 - seen.size / count : 0;
}

/** Whether a generated sequence mostly repeats itself, or is too short to say anything. */
export function isDegenerate(tokens: ArrayLike<number>): boolean {
  return tokens.length <= PHRASE || repeatedShare(tokens) > REPEATED_MAX;
}
