/** A cell of a printed table; null prints as a dash. */
export type Cell = string | number | null;

/** Aligned plain-text table: text to the left, numbers to the right, two spaces between columns. */
export function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(show));
  const numeric = header.map((_, i) => rows.every((row) => row[i] === null || typeof row[i] === "number"));
  const widths = header.map((title, i) => Math.max(title.length, ...texts.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd();
  return `${[line(header), line(widths.map((width) => "─".repeat(width))), ...texts.map(line)].join("\n")}\n`;
}

/** Numbers to five significant digits, whole numbers as they are. */
function show(cell: Cell): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  return Number.isInteger(cell) ? String(cell) : String(Number(cell.toPrecision(5)));
}

/** JSON for `--json`, with typed arrays as lists, ending in a newline. */
export function json(value: unknown): string {
  return `${JSON.stringify(value, (_, part: unknown) => (ArrayBuffer.isView(part) ? Array.from(part as unknown as ArrayLike<number>) : part), 2)}\n`;
}
