import type { Element } from "../../formats/index.ts";
import { macCost } from "../macCost.ts";
import { type SpecialValue, type SpecialValueOptions, specialValueSweep } from "../system/specialValues.ts";
import { type MacSynthesisOptions, synthesizeMac } from "./synthesizeMac.ts";

/**
 * The sweep over an extra value of E2M1 with every MAC synthesized and proven: some 60 of them, minutes the first time and seconds
 * from the cache. `onValue` is told before each. Throws UserError as `specialValueSweep` and `synthesizeMac` do.
 */
export async function synthesizedSpecialValues(
  sweep: Omit<SpecialValueOptions, "costOf">,
  synthesis: MacSynthesisOptions,
  onValue?: (element: string, index: number, total: number) => void,
): Promise<SpecialValue[]> {
  const elements: Element[] = [];
  const points = specialValueSweep({
    ...sweep,
    costOf(element) {
      elements.push(element);
      return macCost(element, element);
    },
  });
  const costed: SpecialValue[] = [];
  for (const [i, point] of points.entries()) {
    const element = elements[i]!;
    onValue?.(element.id, i, points.length);
    costed.push({ ...point, cost: (await synthesizeMac(element, element, synthesis)).cost });
  }
  return costed;
}
