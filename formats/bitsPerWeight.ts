import { type BlockingOptions, blockingOf } from "./blocking.ts";
import { UserError } from "./error.ts";
import { type Format, groupId } from "./format.ts";
import { scaleRules } from "./scaleRules.ts";
import { scaleStores } from "./scaleStores.ts";

/** What a format stores, in bits. */
export interface StorageBits {
  code: number;
  /** Everything a group stores beside its codes: scale, second scale or zero point, choice of codebook, micro-exponents. */
  group: number;
  /** The parts of `group` by name. */
  groupParts: Readonly<Record<string, number>>;
  /** The second level of the scales, null where there is none. */
  outer: { span: "tensor" | "row" | number; bits: number; tensorBits: number } | null;
}

/** HiF4: one bit for each 8 and each 4 numbers of a group of 64. */
const HIF4_MICRO_BITS = 8 + 16;

export function storageBits({ elements, selector, rule, store, coder }: Format): StorageBits {
  const { extra } = scaleRules[rule];
  const { bits: scale, outer } = scaleStores[store];
  const code = Math.max(...elements.map(({ bits }) => bits));
  const parts: Record<string, number> = { scale };
  if (extra === "scale") parts[rule === "twosided" ? "second scale" : "offset"] = scale;
  if (extra === "code") parts["zero point"] = code;
  if (selector !== null) parts.choice = selector.bits;
  if (coder === "hif4") parts["micro-exponents"] = HIF4_MICRO_BITS;
  return {
    code,
    group: Object.values(parts).reduce((a, b) => a + b),
    groupParts: parts,
    outer: outer ? { span: outer.span, bits: outer.bits, tensorBits: outer.centred ? 32 : 0 } : null,
  };
}

/**
 * Exact bits of memory per weight of a matrix with rows of `cols`: the code, and what each group (a shorter tail group
 * included), row and tensor stores. `rows` matters only where something is stored per tensor or across rows, and is
 * required there. Throws UserError as `blockingOf` does.
 */
export function bitsPerWeight(format: Format, cols: number, rows?: number, options?: BlockingOptions): number {
  const { code, group, outer } = storageBits(format);
  const acrossRows = outer !== null && outer.span !== "row";
  if (rows === undefined && (format.group === "tensor" || acrossRows)) {
    const what = acrossRows ? "a second level of scales across rows" : `one scale per ${groupId(format.group)}`;
    throw new UserError(`${format.id}: bits per weight of ${what} need the number of rows`);
  }
  const { lines, length, groups } = blockingOf(format, rows ?? 1, cols, options);
  return code + (groups * group + outerBits(outer, lines, groups)) / (lines * length);
}

function outerBits(outer: StorageBits["outer"], lines: number, groups: number): number {
  if (outer === null) return 0;
  const count = outer.span === "tensor" ? 1 : outer.span === "row" ? lines : Math.ceil(groups / outer.span);
  return count * outer.bits + outer.tensorBits;
}
