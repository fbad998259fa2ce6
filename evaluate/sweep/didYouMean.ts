import { nearest } from "../../formats/index.ts";

/** ` (did you mean "X"?)`, or nothing when no candidate is close. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const near = nearest(name, candidates, 1)[0];
  return near === undefined ? "" : ` (did you mean "${near}"?)`;
}
