import { type Format, parseFormat } from "./format.ts";
import { namedFormats } from "./named/index.ts";

/** The named formats (`mxfp4`, `nvfp4`, `bitmod4` …), in order of kind. Any element with a group is a format too. */
export function listFormats(): Format[] {
  return namedFormats.map(({ id }) => parseFormat(id));
}
