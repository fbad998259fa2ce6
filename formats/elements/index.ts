import type { AboutFamily } from "../about.ts";
import type { Element } from "../element.ts";
import { UserError } from "../error.ts";
import { nearest } from "../suggest.ts";
import { aboutBlockBooks, aboutDialects, aboutUnsignedIntegers, blockBooks } from "./blockBooks.ts";
import { aboutBlockOptimal, blockOptimal } from "./blockOptimal.ts";
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
  blockOptimal,
  posits,
  ...blockBooks,
];

/** The words to them, for sheets. */
const familyWords: readonly AboutFamily[] = [
  aboutIntegers,
  aboutQuantileBooks,
  aboutMinifloats,
  aboutFnuz,
  aboutPowerSums,
  aboutTables,
  aboutBlockOptimal,
  aboutPosits,
  aboutUnsignedIntegers,
  aboutBlockBooks,
  aboutDialects,
];

/** Families from outside the registry, and the words to them. */
const added: ElementFamily[] = [];
const addedWords: AboutFamily[] = [];

/**
 * Makes elements of another family known to `getElement`, to format ids and to sheets, after those of the registry; adding
 * it twice changes nothing. Codebooks of one's own (`bitfrontier/formats/own`) and optimal ones (`bitfrontier/fitting`)
 * come this way.
 */
export function addFamily(family: ElementFamily, words: AboutFamily): void {
  if (added.includes(family)) return;
  added.push(family);
  addedWords.push(words);
}

/** The words to all families. */
export function allFamilyWords(): AboutFamily[] {
  return [...familyWords, ...addedWords];
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
  if (id.startsWith("[")) {
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
