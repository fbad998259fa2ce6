/**
 * How one group is rounded and read back: x is taken as level ℓ of codebook `choice` nearest to
 * (x − shift − offset)/divisor, and read back as (ℓ − zeroPoint)·scale + offset. All zeros: `scale` is 0.
 */
export interface GroupFit {
  /** Index of the codebook. */
  choice: number;
  /** The stored scale; negative where the group is mirrored. */
  scale: number;
  /** Stored scale of the levels below zero: `scale`, but for two-sided formats. */
  lower: number;
  offset: number;
  /** Null where levels are not shifted. */
  zeroPoint: number | null;
  /** The scale, or what the source divides by in its place. */
  divisor: number;
  shift: number;
  /** Micro-exponents of the group's sub-blocks, in HiF4. */
  micro: Uint8Array | null;
}

export function plainFit(choice: number, scale: number): GroupFit {
  return { choice, scale, lower: scale, offset: 0, zeroPoint: null, divisor: scale, shift: 0, micro: null };
}

/** Whether one scale says all: rounding then is that of the fast kernel. */
export function isPlain({ scale, lower, offset, zeroPoint, divisor, shift }: GroupFit): boolean {
  return zeroPoint === null && offset === 0 && shift === 0 && lower === scale && divisor === scale;
}
