import { families } from "./families.ts";
import { microscaling } from "./microscaling.ts";
import type { NamedFormat } from "./namedFormat.ts";
import { nested } from "./nested.ts";
import { nvidia } from "./nvidia.ts";
import { statistics } from "./statistics.ts";

/** Every named format. A new one is an entry in its file. */
export const namedFormats: readonly NamedFormat[] = [...microscaling, ...nvidia, ...families, ...nested, ...statistics];

const byName = new Map(namedFormats.flatMap((each) => [each.id, ...each.aliases].map((name) => [name, each])));

/** The named format of a lower-case id or alias. */
export function namedFormat(id: string): NamedFormat | undefined {
  return byName.get(id);
}

/** Ids and aliases of all named formats. */
export function namedFormatNames(): string[] {
  return [...byName.keys()];
}

export type { NamedFormat } from "./namedFormat.ts";
