import { blockingOf, type Format } from "../../../formats/index.ts";

/** A weight matrix to train, row-major. */
export interface Matrix {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
}

/** Bounds of every group in memory order: group i is [bounds[i], bounds[i + 1]). Throws UserError for a group larger than the row. */
export function groupBounds(format: Format, { name, rows, cols }: Matrix): Uint32Array {
  const { lines, length, size, groups } = blockingOf(format, rows, cols, { name });
  const bounds = new Uint32Array(groups + 1);
  let index = 0;
  for (let line = 0; line < lines; line++)
    for (let from = 0; from < length; from += size) bounds[index++] = line * length + from;
  bounds[groups] = rows * cols;
  return bounds;
}
