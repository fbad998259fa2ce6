import { type Format, operandsOf } from "../../formats/index.ts";
import type { CodedCodebook } from "../rtl/index.ts";

/** The codebooks a multiplier for the format meets, with the codes of those that are plain elements. */
export function codebooksOf(format: Format): CodedCodebook[] {
  return format.coder === "scaled" ? [...format.elements] : operandsOf(format);
}
