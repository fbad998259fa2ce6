import type { TieRule } from "../element.ts";
import type { CoderId, Group } from "../format.ts";
import type { ScaleRuleId } from "../scaleRules.ts";
import type { ScaleStoreId } from "../scaleStores.ts";
import type { Selector } from "../selector.ts";

/** A published format that has a name: codebooks, group, scales and ties together. Plain data. */
export interface NamedFormat {
  readonly id: string;
  readonly aliases: readonly string[];
  /** Ids of its codebooks, in the order of the selector. */
  readonly elements: readonly string[];
  readonly selector: Selector | null;
  readonly group: Group;
  readonly rule: ScaleRuleId;
  readonly store: ScaleStoreId;
  readonly tie: TieRule;
  readonly coder: CoderId;
}

/** A named format as its file states it; `named` adds what most share. */
export type NamedFormatData = Pick<NamedFormat, "id" | "elements" | "group"> & Partial<NamedFormat>;

export function named(data: NamedFormatData): NamedFormat {
  return {
    aliases: [],
    selector: null,
    rule: "absmax",
    store: "fp16",
    tie: "even",
    coder: "scaled",
    ...data,
  };
}

/** A choice by least squared error, stored in `bits` extra bits of each group. */
export function extraBits(bits: number): Selector {
  return { objective: "mse", bits, where: "extra bits", targets: null };
}

/** A choice of two by least squared error, stored in the sign bit of the group's scale. */
export const signBit: Selector = { objective: "mse", bits: 0, where: "sign of the scale", targets: null };
