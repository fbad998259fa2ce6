/**
 * @file Codes and scales of weights that lie on a format's grid, found from the weights alone: whatever method chose them, it
 * leaves no more behind.
 */
import { coders } from "../../formats/coder.ts";
import { type GroupFit, plainFit } from "../../formats/groupFit.ts";
import { kernelsOf } from "../../formats/groupFitter.ts";
import { blockingOf, type Format, type Quantized, quantize, UserError } from "../../formats/index.ts";
import { outerOf } from "../../formats/outerScales.ts";
import { scaleRules } from "../../formats/scaleRules.ts";
import { scaleStores } from "../../formats/scaleStores.ts";
import type { PackedShape } from "./packedMatrix.ts";

/** Stored scales in float32 that a weight's own rounding may hide, either way. */
const NEIGHBOURS = [0, 1, -1, 2, -2];

/**
 * `rounded` as codes and what its groups store, so that `dequantize` gives back its bits; null where a group is found to be on
 * no grid of the format: a factor of input channels, a rotation or levels of its own lie between. A group's scale is one at
 * which its largest weight is a level and all others are too. The second level of scales is that of the weights as they were
 * before, as methods take it.
 */
export function codesOnGrid(
  before: Float32Array,
  rounded: Float32Array,
  { name, rows, cols }: PackedShape,
  format: Format,
): Quantized | null {
  const found = quantize(before, rows, cols, format, { name });
  const again = found.outer ? null : quantize(rounded, rows, cols, format, { name });
  if (found.micro) return null;
  const { lines, length, size, groupsPerLine } = blockingOf(format, rows, cols, { name });
  const blocking = blockingOf(format, rows, cols, { name });
  const kernels = kernelsOf(format);
  const coder = coders[format.coder];
  const back = new Float32Array(rounded.length);
  const isFit = (fit: GroupFit, from: number, to: number) => {
    coder.encode(kernels, fit, format.tie, rounded, found.codes, from, to);
    coder.decode(kernels, fit, found.codes, back, from, to);
    for (let i = from; i < to; i++) if (back[i] !== rounded[i]) return false;
    return true;
  };
  const level = found.outer ? { numbers: found.outer, mean: found.meanScale ?? 0 } : null;
  for (let index = 0; index < lines * groupsPerLine; index++) {
    const from = Math.floor(index / groupsPerLine) * length + (index % groupsPerLine) * size;
    const to = Math.min(from + size, (Math.floor(index / groupsPerLine) + 1) * length);
    const fits = function* () {
      yield fitOf(found, index);
      if (again) yield fitOf(again, index);
      yield* scalesOf(format, rounded.subarray(from, to), outerOf(format, level, blocking, index));
    };
    let fit: GroupFit | null = null;
    for (const each of fits()) {
      if (!isFit(each, from, to)) continue;
      fit = each;
      break;
    }
    if (!fit) return null;
    found.scales[index] = fit.scale;
    if (found.choices) found.choices[index] = fit.choice;
    if (found.lowerScales) found.lowerScales[index] = fit.lower;
    if (found.offsets) found.offsets[index] = fit.offset;
    if (found.zeroPoints) found.zeroPoints[index] = fit.zeroPoint ?? 0;
  }
  return found;
}

/**
 * Throws UserError for a format whose groups keep an offset, a scale for each sign, or scales less their mean: weights alone
 * say too little of these where a group does not reach both of its ends.
 */
export function requireFindable({ id, rule, store }: Format): void {
  if (scaleRules[rule].extra === "scale" || scaleStores[store].outer?.centred)
    throw new UserError(
      `${id}: packed weights of this format are those of the method rtn: others leave no offsets behind`,
    );
}

function fitOf({ scales, choices, lowerScales, offsets, zeroPoints }: Quantized, index: number): GroupFit {
  const scale = scales[index]!;
  return {
    ...plainFit(choices?.[index] ?? 0, scale),
    lower: lowerScales?.[index] ?? scale,
    offset: offsets?.[index] ?? 0,
    zeroPoint: zeroPoints?.[index] ?? null,
  };
}

/** Fits at whose scale the weight of largest magnitude is a level and no weight lies beyond the levels' ends. */
function* scalesOf(format: Format, values: Float32Array, outer: ReturnType<typeof outerOf>): Generator<GroupFit> {
  const store = scaleStores[format.store];
  if (outer?.mean) return;
  let [min, max] = [0, 0];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const largest = max >= -min ? max : min;
  if (largest === 0) return;
  const kernels = kernelsOf(format);
  const mirrors = store.signed && format.selector?.where !== "sign of the scale";
  const shifted = format.rule === "zeropoint";
  for (const [choice, { codes }] of format.elements.entries()) {
    const levels = codes.filter((code) => code !== null).sort((a, b) => Math.abs(b) - Math.abs(a));
    const [lowest, highest] = [Math.min(...levels), Math.max(...levels)];
    const factor = outer ? 1 / outer.number : store.relative ? kernels[choice]!.unit : 1;
    for (const zeroPoint of shifted ? [...levels].sort((a, b) => a - b) : [null]) {
      for (const code of levels) {
        const level = code - (zeroPoint ?? 0);
        const ideal = largest / level;
        if (level === 0 || (ideal < 0 && !mirrors)) continue;
        const inner = store.round(Math.abs(ideal) * factor);
        if (!(inner >= store.smallest && inner <= store.largest)) continue;
        for (const stored of store.bits === 32 ? NEIGHBOURS.map((steps) => beside(inner, steps)) : [inner]) {
          const scale = Math.sign(ideal) * Math.fround(outer ? stored * outer.number : stored / factor);
          const ends = [(lowest - (zeroPoint ?? 0)) * scale, (highest - (zeroPoint ?? 0)) * scale];
          const slack = 1e-6 * Math.abs(largest);
          if (Math.min(...ends) <= min + slack && Math.max(...ends) >= max - slack)
            yield { ...plainFit(choice, scale), zeroPoint };
        }
      }
    }
  }
}

/** The positive float32 so many steps above. */
function beside(x: number, steps: number): number {
  const bits = new Uint32Array(Float32Array.of(x).buffer);
  bits[0]! += steps;
  return new Float32Array(bits.buffer)[0]!;
}
