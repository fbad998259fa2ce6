import type { Element } from "../element.ts";
import { getElement, isElementId } from "../elements/index.ts";
import { UserError } from "../error.ts";
import { register } from "./ownBooks.ts";
import { ownCodebook } from "./ownCodebook.ts";

/**
 * Makes a codebook of one's own (`OwnCodebook`, or what JSON.parse made of a stranger's file) and lets format ids name it:
 * by its id, and by its name where it has one (`my4@g64`). Defining the same codebook twice changes nothing.
 * Throws UserError naming `where`, and for a name that means another element.
 */
export function defineCodebook(data: unknown, where = "codebook"): Element {
  const element = ownCodebook(data, where);
  for (const name of element.aliases) {
    if (isElementId(name) && !getElement(name).id.startsWith(`${name}~`)) {
      throw new UserError(`${where}: ${name} names another element already; choose another id`);
    }
  }
  register(element);
  return element;
}
