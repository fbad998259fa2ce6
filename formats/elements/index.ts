import type { AboutFamily } from "../about.ts";
import type { Element } from "../element.ts";
import { UserError } from "../error.ts";
import { aboutOwnBooks } from "../own/about.ts";
import { nearest } from "../suggest.ts";
import { aboutBlockBooks, aboutDialects, aboutUnsignedIntegers, blockBooks } from "./blockBooks.ts";
import type { ElementFamily } from "./family.ts";
import { aboutFnuz, fnuz } from "./fnuz.ts";
import { aboutIntegers, integers } from "./integers.ts";
import { aboutMinifloats, minifloats } from "./minifloats.ts";
import { aboutPosits, posits } from "./posits.ts";
import { aboutPowerSums, powerSums } from "./powerSums.ts";
import { aboutQuantileBooks, quantileBooks } from "./quantileBooks.ts";
import { aboutTables, tables } from "./tables.ts";

/** Every family of elements. A new one is a file and an entry here, and one in `familyWords` for its words. */
export const elementFamilies: readonly ElementFamily[] = [
  integers,
  quantileBooks,
  minifloats,
  fnuz,
  powerSums,
  tables,
  posits,
  ...blockBooks,
];

/** The words to them, for sheets. */
export const familyWords: readonly AboutFamily[] = [
  aboutIntegers,
  aboutQuantileBooks,
  aboutMinifloats,
  aboutFnuz,
  aboutPowerSums,
  aboutTables,
  aboutPosits,
  aboutUnsignedIntegers,
  aboutBlockBooks,
  aboutDialects,
  aboutOwnBooks,
];

/** Families from outside the registry. */
const added: ElementFamily[] = [];

/**
 * Makes elements of another family known to `getElement` and format ids, after those of the registry; adding it twice
 * changes nothing. Codebooks of one's own come this way (`bitfrontier/formats/own`).
 */
export function addFamily(family: ElementFamily): void {
  if (!added.includes(family)) added.push(family);
}

const made = new Map<string, Element>();
/** Made elements kept for reuse; a search over ν may ask for any number of others. */
const MADE_MAX = 1024;

/** All listed elements, in order of family. Ids with parameters (`sf4_3.5`) are a family's own and not all listed. */
export function listElements(): Element[] {
  return [...elementFamilies, ...added].flatMap(({ listed }) => listed.map((id) => getElement(id)));
}

/** The element of an id or alias, upper or lower case. Throws UserError naming the nearest ids. */
export function getElement(id: string): Element {
  return getElementOr(id, []);
}

/** As `getElement`, for a place where `others` could have been meant too. */
export function getElementOr(id: string, others: readonly string[]): Element {
  const found = findElement(id);
  if (found) return found;
  if (id.startsWith("[") && added.length === 0) {
    throw new UserError('codebooks of your own need `import "bitfrontier/formats/own"`');
  }
  const names = [...listElements().flatMap((item) => [item.id, ...item.aliases]), ...others];
  const similar = nearest(id.toLowerCase(), names);
  const hint = similar.length > 0 ? `; did you mean ${similar.join(", ")}?` : "; `bitfrontier formats` lists all";
  throw new UserError(`unknown element ${JSON.stringify(id.slice(0, 60))}${hint}`);
}

/** Whether an id names an element by itself, without group and options. A parameter out of range counts as no element. */
export function isElementId(id: string): boolean {
  try {
    return findElement(id) !== undefined;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

function findElement(id: string): Element | undefined {
  const name = id.toLowerCase();
  const known = made.get(name);
  if (known) return known;
  for (const { make } of [...elementFamilies, ...added]) {
    const item = make(name);
    if (!item) continue;
    const shared = made.get(item.id) ?? item;
    if (made.size < MADE_MAX) made.set(name, shared).set(shared.id, shared);
    return shared;
  }
  return undefined;
}
