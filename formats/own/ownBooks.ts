import type { Element } from "../element.ts";
import type { ElementFamily } from "../elements/family.ts";
import { UserError } from "../error.ts";
import { ownCodebook, parseBracketed } from "./ownCodebook.ts";

/** Codebooks that users defined in this process, by id and name. */
const defined = new Map<string, Element>();

/** Codebooks of one's own: lists and formulas written out in the id, and those of `defineCodebook` by name. */
export const ownBooks: ElementFamily = {
  listed: [],
  make(id) {
    const known = defined.get(id);
    if (known) return known;
    if (id.startsWith("[")) return bracketed(id);
    if (/~[0-9a-f]{16}$/.test(id)) {
      throw new UserError(`codebook ${id} is known by the hash of its content; give its file with --codebook`);
    }
    // A formula without brackets: operators that no other id has, and the variable.
    return /[(*/^]/.test(id) && /\bi\b/.test(id) ? bracketed(`[${id}]`) : undefined;
  },
};

/** Makes an element known by its id and aliases. Throws UserError for a name that means another codebook already. */
export function register(element: Element): void {
  for (const name of [element.id, ...element.aliases]) {
    const known = defined.get(name);
    if (known !== undefined && known.id !== element.id) {
      throw new UserError(`codebook ${name}: defined already, with other values (${known.id})`);
    }
  }
  for (const name of [element.id, ...element.aliases]) defined.set(name, element);
}

function bracketed(text: string): Element {
  const element = ownCodebook(parseBracketed(text), `codebook ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`);
  if (!element.id.startsWith("[")) register(element);
  return element;
}
