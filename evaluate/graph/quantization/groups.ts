import type { Format } from "../../../formats/format.ts";
import { constant } from "../graph.ts";
import { size, type Value } from "../value.ts";
import type { Nodes } from "./nodes.ts";

/** A matrix cut into the groups of a format: [lines, groups, length], a shorter last group repeating its last number. */
export interface Grouped {
  readonly values: Value;
  readonly lines: number;
  readonly groups: number;
  readonly length: number;
  /** 1 where a number is the group's own, 0 where it is repeated, [1, groups, length]; null where all are. */
  readonly own: Value | null;
  /** Numbers in each group, in the wide type, [1, groups, 1]. */
  readonly counts: Value;
  /** The matrix [n, k] again. */
  restore(values: Value): Value;
}

/** Cuts x [n, k] as `blockingOf` does; a group larger than the row is the row. */
export function grouped(n: Nodes, format: Format, x: Value): Grouped {
  const [rows, columns] = x.shape as [number, number];
  const whole = format.group === "tensor";
  const [lines, line] = whole ? [1, rows * columns] : [rows, columns];
  const length = typeof format.group === "number" ? Math.min(format.group, line) : line;
  const groups = Math.ceil(line / length);
  const missing = groups * length - line;
  const lengthened = n.lengthen(n.reshape(x, [lines, line]), 1, missing, "edge");
  const wide = (count: number, at: (i: number) => number, shape: readonly number[]) => {
    const data = n.wide === "float64" ? new Float64Array(count) : new Float32Array(count);
    for (let i = 0; i < count; i++) data[i] = at(i);
    return constant(n.graph, data, shape);
  };
  return {
    values: n.reshape(lengthened, [lines, groups, length]),
    lines,
    groups,
    length,
    own: missing === 0 ? null : wide(groups * length, (i) => (i < line ? 1 : 0), [1, groups, length]),
    counts: wide(groups, (g) => (g === groups - 1 ? length - missing : length), [1, groups, 1]),
    restore(values) {
      const flat = n.reshape(values, [lines, groups * length]);
      const cut = missing === 0 ? flat : n.slice(flat, 1, 0, line);
      return n.reshape(cut, size(x.shape) === size(cut.shape) ? x.shape : cut.shape);
    },
  };
}
