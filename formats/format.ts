import type { Element, TieRule } from "./element.ts";
import { getElement } from "./elements/index.ts";
import { UserError } from "./error.ts";
import { defaultScaleRule, type ScaleRuleId, scaleRules } from "./scaleRules.ts";
import { type ScaleStoreId, scaleStores } from "./scaleStores.ts";
import { nearest } from "./suggest.ts";

/** Which numbers share a scale: so many consecutive ones of a row, a row, or the whole tensor. */
export type Group = number | "row" | "tensor";

/**
 * How a matrix is stored in few bits: a codebook, the numbers that share a scale, how that scale is found and stored,
 * and where ties go. Plain data.
 */
export interface Format {
  /** `ELEMENT@GROUP[:RULE][:STORE][:TIE]`, options only where they are not the default. Equal ids mean equal results. */
  readonly id: string;
  readonly element: Element;
  readonly group: Group;
  readonly rule: ScaleRuleId;
  readonly store: ScaleStoreId;
  readonly tie: TieRule;
}

export const DEFAULT_GROUP = 128;
export const DEFAULT_STORE: ScaleStoreId = "fp16";
/** Larger groups than any row of a model are typing errors. */
const GROUP_MAX = 2 ** 24;
const tieRules: readonly TieRule[] = ["even", "down", "up", "away", "zero"];

/**
 * Reads a format id: `sf4`, `sf4@g64`, `int4@row`, `nf4@tensor:fp32`, `e2m1+sr@g128:clipped:fp32:down`. Without `@` the
 * group is 128. Options in any order: a scale rule (absmax, signed, signedmax, clipped, maxabs), a scale store (fp16,
 * bf16, fp32), a tie rule (even, down, up, away, zero). Throws UserError naming the nearest ids or what was expected.
 */
export function parseFormat(id: string): Format {
  const [head, ...options] = id.trim().toLowerCase().split(":");
  const [elementId, groupText, ...rest] = head!.split("@");
  if (rest.length > 0) throw new UserError(`format ${quoted(id)}: more than one @`);
  const element = getElement(elementId!);
  const chosen: { rule?: ScaleRuleId; store?: ScaleStoreId; tie?: TieRule } = {};
  for (const option of options) {
    const slot = slotOf(option, id);
    if (chosen[slot] !== undefined)
      throw new UserError(`format ${quoted(id)}: ${chosen[slot]} and ${option} exclude each other`);
    Object.assign(chosen, { [slot]: option });
  }
  const group = groupText === undefined ? DEFAULT_GROUP : parseGroup(groupText, id);
  return makeFormat({ element, group, ...chosen });
}

/** A format from its parts; what is left out takes its default. */
export function makeFormat(parts: Pick<Format, "element"> & Partial<Omit<Format, "id">>): Format {
  const { element } = parts;
  const format = {
    element,
    group: parts.group ?? DEFAULT_GROUP,
    rule: parts.rule ?? defaultScaleRule(element),
    store: parts.store ?? DEFAULT_STORE,
    tie: parts.tie ?? element.tie,
  };
  return { id: formatId(format), ...format };
}

/** The canonical id of a format's parts. */
export function formatId({ element, group, rule, store, tie }: Omit<Format, "id">): string {
  const options = [
    rule === defaultScaleRule(element) ? "" : `:${rule}`,
    store === DEFAULT_STORE ? "" : `:${store}`,
    tie === element.tie ? "" : `:${tie}`,
  ];
  return `${element.id}@${groupId(group)}${options.join("")}`;
}

/** `g128`, `row` or `tensor`. */
export function groupId(group: Group): string {
  return typeof group === "number" ? `g${group}` : group;
}

function parseGroup(text: string, id: string): Group {
  if (text === "row" || text === "tensor") return text;
  const size = Number(/^g([1-9]\d*)$/.exec(text)?.[1]);
  if (!(size <= GROUP_MAX)) {
    throw new UserError(
      `format ${quoted(id)}: group ${quoted(text)}, expected row, tensor or g1 … g${GROUP_MAX} such as g128`,
    );
  }
  return size;
}

function slotOf(option: string, id: string): "rule" | "store" | "tie" {
  if (Object.hasOwn(scaleRules, option)) return "rule";
  if (Object.hasOwn(scaleStores, option)) return "store";
  if (tieRules.some((tie) => tie === option)) return "tie";
  const known = [...Object.keys(scaleRules), ...Object.keys(scaleStores), ...tieRules];
  const similar = nearest(option, known, 1)[0];
  throw new UserError(
    `format ${quoted(id)}: unknown option ${quoted(option)}${similar ? `; did you mean ${similar}?` : ""} (known: ${known.join(", ")})`,
  );
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
