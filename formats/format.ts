import type { Element, TieRule } from "./element.ts";
import { getElement, getElementOr } from "./elements/index.ts";
import { UserError } from "./error.ts";
import { requirePossible } from "./formatChecks.ts";
import { type NamedFormat, namedFormat, namedFormatNames } from "./named/index.ts";
import { refuseVectorCodebook } from "./outOfScope.ts";
import { defaultScaleRule, type ScaleRuleId, scaleRules } from "./scaleRules.ts";
import { type ScaleStoreId, scaleStores } from "./scaleStores.ts";
import type { Objective, Selector } from "./selector.ts";
import { nearest } from "./suggest.ts";

/** Which numbers share a scale: so many consecutive ones of a row, a row, or the whole tensor. */
export type Group = number | "row" | "tensor";

/** How a group is coded: one scaled code per number (all but a few), HiF4's three levels, or OliVe's outlier–victim pairs. */
export type CoderId = "scaled" | "hif4" | "olive";

/**
 * How a matrix is stored in few bits: the codebooks, the numbers that share a scale, how that scale is found and stored,
 * and where ties go. Plain data.
 */
export interface Format {
  /**
   * `ELEMENT@GROUP[:RULE][:STORE][:TIE]` or `NAME[@GROUP][:OPTIONS]` of a named format, options only where they are not the
   * default. Equal ids mean equal results.
   */
  readonly id: string;
  /** The named format this is, or varies by options: `nvfp4`; null for `ELEMENT@GROUP`. */
  readonly name: string | null;
  /** The codebook; null where each group chooses among several. */
  readonly element: Element | null;
  /** All codebooks, in the order of the selector. */
  readonly elements: readonly Element[];
  /** How a group chooses and stores its choice; null with one codebook and one target. */
  readonly selector: Selector | null;
  readonly group: Group;
  readonly rule: ScaleRuleId;
  readonly store: ScaleStoreId;
  readonly tie: TieRule;
  readonly coder: CoderId;
}

export const DEFAULT_GROUP = 128;
export const DEFAULT_STORE: ScaleStoreId = "fp16";
/** Larger groups than any row of a model are typing errors. */
const GROUP_MAX = 2 ** 24;
/** A codebook of 256 numbers of full precision, written out, and its options fit; a longer text is no id. */
const ID_LENGTH_MAX = 9000;
const tieRules: readonly TieRule[] = ["even", "down", "up", "away", "zero"];
const objectives: readonly Objective[] = ["mse", "mae", "maxerr"];

interface Options {
  rule?: ScaleRuleId;
  store?: ScaleStoreId;
  tie?: TieRule;
  objective?: Objective;
}

/**
 * Reads a format id: `sf4`, `sf4@g64`, `int4@row`, `nf4@tensor:fp32`, `e2m1+sr@g128:clipped:fp32:down`, or a named format
 * `mxfp4`, `mxfp4:rceil`, `bitmod4@g64:fp16`. Without `@` the group is 128, or the named format's own. Options in any
 * order: a scale rule, a scale store, a tie rule, and what a group's choice of codebook minimises (mse, mae, maxerr).
 * Throws UserError naming the nearest ids or what was expected.
 */
export function parseFormat(id: string): Format {
  if (id.length > ID_LENGTH_MAX) throw new UserError(`format id of ${id.length} characters; at most ${ID_LENGTH_MAX}`);
  const [head, ...optionTexts] = id.trim().toLowerCase().split(":");
  const [stem, groupText, ...rest] = head!.split("@");
  if (rest.length > 0) throw new UserError(`format ${quoted(id)}: more than one @`);
  const named = namedFormat(stem!);
  refuseVectorCodebook(stem!);
  const element = named ? null : getElementOr(stem!, namedFormatNames());
  const options: Options = {};
  for (const option of optionTexts) {
    const slot = slotOf(option, id);
    if (options[slot] !== undefined)
      throw new UserError(`format ${quoted(id)}: ${options[slot]} and ${option} exclude each other`);
    Object.assign(options, { [slot]: option });
  }
  const group = groupText === undefined ? undefined : parseGroup(groupText, id);
  if (named) return makeNamed(named, group, options);
  if (options.objective !== undefined)
    throw new UserError(`format ${quoted(id)}: ${options.objective} is for formats whose groups choose a codebook`);
  return makeFormat({ element: element!, ...(group === undefined ? {} : { group }), ...options });
}

/** A format of one codebook from its parts; what is left out takes its default. Throws UserError for parts that exclude each other. */
export function makeFormat(
  parts: { element: Element } & Partial<Pick<Format, "group" | "rule" | "store" | "tie">>,
): Format {
  const { element } = parts;
  const format = {
    name: null,
    element,
    elements: [element],
    selector: null,
    group: parts.group ?? DEFAULT_GROUP,
    rule: parts.rule ?? defaultScaleRule(element),
    store: parts.store ?? DEFAULT_STORE,
    tie: parts.tie ?? element.tie,
    coder: "scaled" as const,
  };
  return checked({ id: formatId(format), ...format });
}

function makeNamed(named: NamedFormat, group: Group | undefined, { objective, ...options }: Options): Format {
  const { selector } = named;
  const elements = named.elements.map((id) => getElement(id));
  if (objective !== undefined && selector === null)
    throw new UserError(`${named.id}: ${objective} is for formats whose groups choose a codebook`);
  const format = {
    name: named.id,
    element: elements.length === 1 ? elements[0]! : null,
    elements,
    selector: selector && { ...selector, objective: objective ?? selector.objective },
    group: group ?? named.group,
    rule: options.rule ?? named.rule,
    store: options.store ?? named.store,
    tie: options.tie ?? named.tie,
    coder: named.coder,
  };
  const changed = group !== undefined && group !== named.group;
  if (named.coder !== "scaled" && (changed || options.rule || options.store || options.tie))
    throw new UserError(`${named.id}: its group, scales and ties are fixed by its layout; take it without options`);
  return checked({ id: formatId(format), ...format });
}

function checked(format: Format): Format {
  requirePossible(format);
  return format;
}

/** The canonical id of a format's parts. */
export function formatId(format: Omit<Format, "id">): string {
  const { group, rule, store, tie, selector, element } = format;
  const named = format.name === null ? undefined : namedFormat(format.name);
  const defaults = named ?? { rule: defaultScaleRule(element!), store: DEFAULT_STORE, tie: element!.tie };
  const options = [
    rule === defaults.rule ? "" : `:${rule}`,
    store === defaults.store ? "" : `:${store}`,
    tie === defaults.tie ? "" : `:${tie}`,
    selector === null || selector.objective === named?.selector?.objective ? "" : `:${selector.objective}`,
  ];
  const stem = named && group === named.group ? named.id : `${stemOf(format)}@${groupId(group)}`;
  return `${stem}${options.join("")}`;
}

/** The part of a format's id before its group: the element's id or the format's name. */
export function stemOf({ name, element }: Pick<Format, "name" | "element">): string {
  return name ?? element!.id;
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

function slotOf(option: string, id: string): keyof Options {
  if (Object.hasOwn(scaleRules, option)) return "rule";
  if (Object.hasOwn(scaleStores, option)) return "store";
  if (tieRules.some((tie) => tie === option)) return "tie";
  if (objectives.some((objective) => objective === option)) return "objective";
  const known = [...Object.keys(scaleRules), ...Object.keys(scaleStores), ...tieRules, ...objectives];
  const similar = nearest(option, known);
  throw new UserError(
    `format ${quoted(id)}: unknown option ${quoted(option)}${similar.length > 0 ? `; did you mean ${similar.join(", ")}?` : "; options are scale rules such as absmax, scale stores such as fp16 and tie rules such as even"}`,
  );
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
