import { aboutFamilies, families } from "./families.ts";
import { aboutMicroscaling, microscaling } from "./microscaling.ts";
import type { NamedFormat } from "./namedFormat.ts";
import { aboutNested, nested } from "./nested.ts";
import { aboutNvidia, nvidia } from "./nvidia.ts";
import { aboutStatistics, statistics } from "./statistics.ts";

/** Every named format. A new one is an entry in its file. */
export const namedFormats: readonly NamedFormat[] = [...microscaling, ...nvidia, ...families, ...nested, ...statistics];

/** The words to them, for sheets. */
export const aboutNamed = [aboutMicroscaling, aboutNvidia, aboutFamilies, aboutNested, aboutStatistics] as const;

/** The named format of a lower-case id or alias. */
export function namedFormat(id: string): NamedFormat | undefined {
  return namedFormats.find((each) => each.id === id || each.aliases.includes(id));
}

/** Ids and aliases of all named formats. */
export function namedFormatNames(): string[] {
  return namedFormats.flatMap((each) => [each.id, ...each.aliases]);
}

export type { NamedFormat } from "./namedFormat.ts";
