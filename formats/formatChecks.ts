import { UserError } from "./error.ts";
import type { Format } from "./format.ts";
import { scaleRules } from "./scaleRules.ts";
import { scaleStores } from "./scaleStores.ts";

/** Throws UserError for parts of a format that cannot work together. */
export function requirePossible({ id, elements, selector, rule, store, coder }: Format): void {
  if (coder !== "scaled") return;
  const { mirrors, extra, integers } = scaleRules[rule];
  const { signed, outer } = scaleStores[store];
  if (mirrors && !signed) {
    throw new UserError(
      `${id}: rule ${rule} may mirror a group by a negative scale, and ${store} has no sign; take absmax`,
    );
  }
  if (mirrors && selector?.where === "sign of the scale") {
    throw new UserError(`${id}: rule ${rule} needs the scale's sign, which holds the choice of codebook here`);
  }
  if (extra !== undefined && outer !== undefined) {
    throw new UserError(
      `${id}: rule ${rule} stores a second number a group, and ${store} has no room for it; take fp16, bf16 or fp32`,
    );
  }
  for (const { id: element, values, family } of elements) {
    const consecutive = values.every(
      (value, i) => Number.isInteger(value) && (i === 0 || value === values[i - 1]! + 1),
    );
    if (integers && !(family === "int" && consecutive)) {
      throw new UserError(`${id}: a zero point is for consecutive integers, not ${element}; affine takes any codebook`);
    }
    if (rule === "twosided" && !(values.includes(0) && values[0]! < 0)) {
      throw new UserError(`${id}: twosided needs levels on both sides and a zero, which ${element} lacks`);
    }
  }
}
