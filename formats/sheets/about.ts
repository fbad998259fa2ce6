import type { About } from "../about.ts";
import type { Element } from "../element.ts";
import { allFamilyWords } from "../elements/index.ts";
import type { Format } from "../format.ts";
import { aboutNamed } from "../named/index.ts";

/** What is said of an element. */
export function aboutElement(element: Element): Required<Omit<About, "licence">> {
  return complete(
    element.id,
    first(allFamilyWords(), ({ about }) => about(element)),
  );
}

/** What is said of a format: of the named format, or of its element. */
export function aboutFormat({ name, element }: Format): Required<About> {
  if (name === null) return { ...aboutElement(element!), licence: null };
  return complete(
    name,
    first(aboutNamed, (about) => about(name)),
  );
}

function first<Item>(items: readonly Item[], about: (item: Item) => About | undefined): About | undefined {
  for (const item of items) {
    const found = about(item);
    if (found) return found;
  }
  return undefined;
}

function complete(id: string, about: About | undefined): Required<About> {
  if (about === undefined) throw new Error(`${id}: no words in its file`);
  return { quirks: [], licence: null, ...about };
}
