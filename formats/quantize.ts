import { type BlockingOptions, blockingOf } from "./blocking.ts";
import { coders } from "./coder.ts";
import { UserError } from "./error.ts";
import { type Format, stemOf } from "./format.ts";
import type { GroupFit } from "./groupFit.ts";
import { plainFit } from "./groupFit.ts";
import { groupFitter, kernelsOf } from "./groupFitter.ts";
import { forEachGroup } from "./groups.ts";
import { outerOf, outerScales } from "./outerScales.ts";
import { scaleRules } from "./scaleRules.ts";

/**
 * A quantized matrix: one code per weight, unpacked, and what its groups store, in memory order. Only `codes` and
 * `scales` are there for every format.
 */
export interface Quantized {
  codes: Uint8Array;
  /** Scale of each group as it multiplies, second level included; 0 for a group of zeros. */
  scales: Float32Array;
  /** Index of the codebook of each group, where groups choose. */
  choices?: Uint8Array;
  /** Scale of the levels below zero, in two-sided formats. */
  lowerScales?: Float32Array;
  offsets?: Float32Array;
  zeroPoints?: Float32Array;
  /** HiF4: for each 8 numbers of a group, bit 0 the exponent of all, bits 1 and 2 those of its halves. */
  micro?: Uint8Array;
  /** The second level: scales are multiples of these, one per tensor, row or span of groups. */
  outer?: Float32Array;
  /** What is added to every scale: the mean that bitsandbytes' nested quantization takes away. */
  meanScale?: number;
}

/** Quantizes a row-major matrix [rows, cols]. Throws UserError as `fakeQuantize` does. */
export function quantize(
  weights: Float32Array,
  rows: number,
  cols: number,
  format: Format,
  options: BlockingOptions = {},
): Quantized {
  const fitter = groupFitter(format);
  const blocking = blockingOf(format, rows, cols, options);
  const outer = outerScales(format, fitter, weights, rows, cols, options);
  const result: Quantized = { codes: new Uint8Array(weights.length), ...emptyGroups(format, blocking.groups) };
  if (outer) result.outer = outer.numbers;
  if (outer && outer.mean !== 0) result.meanScale = outer.mean;
  const micro: Uint8Array[] = [];
  forEachGroup(weights, rows, cols, format, options, (span) => {
    const { index, from, to } = span;
    const where = () => `group ${index} of ${options.name ?? "the matrix"}`;
    const fit = fitter.fit(weights, span, outerOf(format, outer, blocking, index), where);
    coders[format.coder].encode(fitter.kernels, fit, format.tie, weights, result.codes, from, to);
    result.scales[index] = fit.scale;
    if (result.choices) result.choices[index] = fit.choice;
    if (result.lowerScales) result.lowerScales[index] = fit.lower;
    if (result.offsets) result.offsets[index] = fit.offset;
    if (result.zeroPoints) result.zeroPoints[index] = fit.zeroPoint ?? 0;
    if (format.coder === "hif4") micro.push(fit.micro ?? new Uint8Array(microBlocks(to - from)));
  });
  if (format.coder === "hif4") result.micro = Uint8Array.from(micro.flatMap((block) => [...block]));
  return result;
}

/** The weights of a quantized matrix. Throws UserError for wrong lengths, reserved codes, codes too wide and non-finite scales. */
export function dequantize(
  quantized: Quantized,
  rows: number,
  cols: number,
  format: Format,
  options: BlockingOptions = {},
): Float32Array {
  const name = options.name ?? "the matrix";
  const { codes } = quantized;
  const { groups, length, size, lines } = blockingOf(format, rows, cols, options);
  requireLengths(quantized, rows * cols, groups, format, name);
  const kernels = kernelsOf(format);
  const out = new Float32Array(codes.length);
  let [index, micro] = [0, 0];
  for (let line = 0; line < lines; line++) {
    const end = (line + 1) * length;
    for (let from = line * length; from < end; from += size, index++) {
      const to = Math.min(from + size, end);
      const fit = fitOf(quantized, index);
      requireUsable(fit, kernels.length, index, from, name);
      if (quantized.micro) {
        fit.micro = quantized.micro.subarray(micro, micro + microBlocks(to - from));
        micro += microBlocks(to - from);
      }
      const bad = coders[format.coder].decode(kernels, fit, codes, out, from, to);
      if (bad >= 0)
        throw new UserError(`${name}: code ${codes[bad]} at index ${bad} means nothing in ${stemOf(format)}`);
    }
  }
  return out;
}

/** HiF4's second and third level for `count` numbers. */
function microBlocks(count: number): number {
  return Math.ceil(count / 8);
}

function emptyGroups({ rule, selector, elements }: Format, groups: number): Omit<Quantized, "codes"> {
  const { extra, integers } = scaleRules[rule];
  return {
    scales: new Float32Array(groups),
    ...(selector && elements.length > 1 ? { choices: new Uint8Array(groups) } : {}),
    ...(rule === "twosided" ? { lowerScales: new Float32Array(groups) } : {}),
    ...(extra === "scale" && rule !== "twosided" ? { offsets: new Float32Array(groups) } : {}),
    ...(integers ? { zeroPoints: new Float32Array(groups) } : {}),
  };
}

function fitOf({ scales, choices, lowerScales, offsets, zeroPoints }: Quantized, index: number): GroupFit {
  return {
    ...plainFit(choices?.[index] ?? 0, scales[index]!),
    lower: lowerScales?.[index] ?? scales[index]!,
    offset: offsets?.[index] ?? 0,
    zeroPoint: zeroPoints?.[index] ?? null,
  };
}

function requireLengths(quantized: Quantized, count: number, groups: number, format: Format, name: string): void {
  const { codes, scales } = quantized;
  if (codes.length !== count || scales.length !== groups) {
    throw new UserError(
      `${name}: ${codes.length} codes and ${scales.length} scales, expected ${count} and ${groups} for ${format.id}`,
    );
  }
  for (const field of ["choices", "lowerScales", "offsets", "zeroPoints"] as const) {
    const [wanted, given] = [emptyGroups(format, groups)[field]?.length, quantized[field]?.length];
    if (wanted !== given) {
      throw new UserError(`${name}: ${given ?? "no"} ${field}, expected ${wanted ?? "none"} for ${format.id}`);
    }
  }
  if ((format.coder === "hif4") !== (quantized.micro !== undefined)) {
    throw new UserError(`${name}: micro-exponents are for hif4, and it needs them; the format is ${format.id}`);
  }
}

function requireUsable(fit: GroupFit, codebooks: number, index: number, from: number, name: string): void {
  if (!(fit.choice < codebooks))
    throw new UserError(`${name}: choice ${fit.choice} of group ${index}; there are ${codebooks} codebooks`);
  for (const [what, value] of Object.entries({
    scale: fit.scale,
    "lower scale": fit.lower,
    offset: fit.offset,
    "zero point": fit.zeroPoint ?? 0,
  })) {
    if (!Number.isFinite(value))
      throw new UserError(`${name}: ${what} ${value} of the group of index ${from} is not finite`);
  }
}
