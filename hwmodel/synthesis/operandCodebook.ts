import { type Format, operandsOf } from "../../formats/index.ts";
import type { CodedCodebook } from "../rtl/index.ts";

/**
 * The codebook whose codes a multiplier for the format takes. Where groups choose among codebooks, the choice is part of the
 * code, above its other bits: the decoder for it is then in the circuit, as in BitMoD's and IF4's units.
 */
export function operandCodebook(format: Format): CodedCodebook {
  if (format.coder !== "scaled") return operandsOf(format)[0]!;
  const { elements } = format;
  if (elements.length === 1) return elements[0]!;
  const size = 2 ** Math.max(...elements.map(({ bits }) => bits));
  const padded = (codes: readonly (number | null)[]) => [...codes, ...new Array<null>(size - codes.length).fill(null)];
  const unused = 2 ** Math.ceil(Math.log2(elements.length)) - elements.length;
  const codes = [...elements.flatMap((element) => padded(element.codes)), ...new Array<null>(unused * size).fill(null)];
  const choiceBits = Math.ceil(Math.log2(elements.length));
  return { id: format.name ?? format.id, values: codes.filter((value) => value !== null), codes, choiceBits };
}
