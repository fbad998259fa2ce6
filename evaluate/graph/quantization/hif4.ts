import type { Kernel } from "../../../formats/kernel.ts";
import { scaleStores } from "../../../formats/scaleStores.ts";
import type { Value } from "../value.ts";
import type { Grouped } from "./groups.ts";
import { nearestLevel } from "./nearestLevel.ts";
import type { Nodes } from "./nodes.ts";
import { fround, rounded } from "./storedScale.ts";

/** Numbers under one micro-exponent of level 2 and of level 3. */
const [EIGHT, FOUR] = [8, 4];

/**
 * HiF4 as nodes (`fitHif4` and `hif4Coder` of formats/): s = max|x|/7 in bf16, then E6M2; one bit doubles eight numbers whose
 * largest quotient reaches 4, one more bit four of them if it then reaches 2. Gives float32 [lines, groups, length], and the
 * quotients that were rounded.
 */
export function roundHif4(n: Nodes, { values, lines, groups, length }: Grouped, { book }: Kernel) {
  const { bf16, e6m2 } = scaleStores;
  const blocks = Math.ceil(length / EIGHT);
  const padded = n.lengthen(values, 2, blocks * EIGHT - length, "edge");
  const x = n.reshape(padded, [lines, groups, blocks, EIGHT / FOUR, FOUR]);
  const sizes = n.cast(n.abs(x), n.wide);
  const seventh = fround(n, n.mul(n.largest(sizes, [2, 3, 4]), bf16.round(1 / 7)));
  const held = n.min(n.max(rounded(n, bf16, seventh), e6m2.smallest), e6m2.largest);
  const scale = rounded(n, e6m2, held);
  const inverse = rounded(n, bf16, n.div(1, scale));
  const doubled = (reaches: Value) => n.add(n.cast(reaches, n.wide), 1);
  const peak = (axes: readonly number[]) => fround(n, n.mul(n.largest(sizes, axes), inverse));
  const second = doubled(n.atLeast(peak([3, 4]), 4));
  const factor = n.mul(second, doubled(n.atLeast(n.div(peak([4]), second), 2)));
  const quotient = n.cast(n.mul(n.div(n.cast(x, n.wide), factor), inverse), "float32");
  const product = n.mul(n.mul(nearestLevel(n, book, quotient), n.cast(factor, "float32")), n.cast(scale, "float32"));
  const own = (y: Value) => n.slice(n.reshape(y, [lines, groups, blocks * EIGHT]), 2, 0, length);
  return { output: own(product), quotient: own(quotient) };
}
