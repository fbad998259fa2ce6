import { UserError } from "./error.ts";
import type { Format } from "./format.ts";
import { stemOf } from "./format.ts";

export interface BlockingOptions {
  /** Name of the tensor in errors. */
  name?: string;
  /** What a group larger than the row means: an error (default), or the whole row as in llm-datatypes. */
  oversizeGroup?: "error" | "row";
}

/** How a matrix falls into groups: `lines` runs of `length` numbers, each cut into groups of `size`; a shorter tail is its own group. */
export interface Blocking {
  lines: number;
  length: number;
  size: number;
  groupsPerLine: number;
  groups: number;
}

/** Throws UserError for an empty or badly sized matrix, and for a group larger than the row. */
export function blockingOf(format: Format, rows: number, cols: number, options: BlockingOptions = {}): Blocking {
  const { name = "the matrix", oversizeGroup = "error" } = options;
  for (const count of [rows, cols]) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new UserError(`${name}: ${rows} × ${cols} numbers; rows and columns must be whole numbers of at least 1`);
    }
  }
  const whole = format.group === "tensor";
  const lines = whole ? 1 : rows;
  const length = whole ? rows * cols : cols;
  if (typeof format.group === "number" && format.group > cols && oversizeGroup === "error") {
    const advice =
      format.coder === "scaled"
        ? `take a group of at most ${cols}, or ${stemOf(format)}@row`
        : "its layout fixes the group, take another format";
    throw new UserError(`${format.id}: group ${format.group} is larger than the row of ${cols} of ${name}; ${advice}`);
  }
  const size = typeof format.group === "number" ? Math.min(format.group, length) : length;
  const groupsPerLine = Math.ceil(length / size);
  return { lines, length, size, groupsPerLine, groups: lines * groupsPerLine };
}
