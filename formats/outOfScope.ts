import { UserError } from "./error.ts";

const vectorCodebooks: readonly [pattern: RegExp, what: string][] = [
  [/^(quip|e8p|e8rvq)/, "QuIP# (E8 lattice, 8 numbers a code)"],
  [/^(qtip|trellis|exl3)/, "QTIP (trellis codes)"],
  [/^(aqlm|pv-?tuning)/, "AQLM (sums of learned vectors)"],
  [/^(vptq|gptvq)/, "learned vector codebooks"],
  [/^iq[123]_/, "ggml's IQ1 … IQ3 (tables of 4 or 8 numbers a code)"],
];

/** Throws UserError where a user looks for a codebook whose codes stand for several numbers at once. */
export function refuseVectorCodebook(id: string): void {
  const found = vectorCodebooks.find(([pattern]) => pattern.test(id));
  if (!found) return;
  throw new UserError(
    `${id.slice(0, 40)}: vector codebooks are out of scope: ${found[1]}; scalar formats of as many bits: nf2, twn, bitmod3, iq4_nl@g32`,
  );
}
