import type { About } from "../about.ts";
import { type NamedFormat, named } from "./namedFormat.ts";

/** OCP Microscaling; the rule of the block's power of two is an option: floor, ceil, rceil, rounded. */
export const microscaling: readonly NamedFormat[] = [
  mx("mxfp4", "e2m1"),
  mx("mxfp6_e2m3", "e2m3", "mxfp6"),
  mx("mxfp6_e3m2", "e3m2"),
  mx("mxfp8_e4m3", "e4m3", "mxfp8"),
  mx("mxfp8_e5m2", "e5m2"),
  mx("mxint8", "int8-mx"),
];

function mx(id: string, element: string, ...aliases: string[]): NamedFormat {
  return named({ id, aliases, elements: [element], group: 32, rule: "floor", store: "e8m0" });
}

export function aboutMicroscaling(id: string): About | undefined {
  if (!id.startsWith("mx")) return undefined;
  return {
    label: `OCP ${id.toUpperCase().replace("_", " ")}`,
    source:
      "OCP Microscaling Formats v1.0: block 32, E8M0 scale 2^(⌊log2 max|x|⌋ − emax), elements round to nearest even and saturate; microsoft/microxcaling",
    licence: "open specification; microxcaling MIT",
    quirks: [
      `microxcaling rounds elements half away from zero by default: ${id}:away`,
      `other published scale rules: ${id}:rceil (max/largest level, rounded up), ${id}:ceil, ${id}:rounded`,
      "E8M0 has no zero: a block of zeros is stored with any scale and codes of 0",
    ],
  };
}
