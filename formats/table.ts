import { elementFamilies, listElements } from "./elements/index.ts";
import { makeFormat } from "./format.ts";

/** A markdown table of all listed elements, and the grammar of each family, for the README. */
export function formatTable(): string {
  const rows = listElements().map((element) => {
    const { rule } = makeFormat({ element });
    const names = [`\`${element.id}\``, ...element.aliases.map((alias) => `\`${alias}\``)].join(", ");
    const range = `${short(element.values[0]!)} … ${short(element.values.at(-1)!)}`;
    return [names, element.label, element.bits, element.values.length, range, element.tie, rule, element.source];
  });
  const head = ["id, aliases", "what", "bits", "values", "range", "ties", "scale", "source"];
  return [
    ...elementFamilies.map(({ grammar }) => `- ${grammar}`),
    "",
    line(head),
    line(head.map(() => "---")),
    ...rows.map(line),
    "",
  ].join("\n");
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
