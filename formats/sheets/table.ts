import { storageBits } from "../bitsPerWeight.ts";
import { allFamilyWords, listElements } from "../elements/index.ts";
import { groupId, makeFormat } from "../format.ts";
import { listFormats } from "../listFormats.ts";
import { namedFormat } from "../named/index.ts";
import { aboutElement, aboutFormat } from "./about.ts";

/** How ids of each family look. */
export function elementGrammars(): string[] {
  return allFamilyWords().map(({ grammar }) => grammar);
}

/** Markdown tables of all listed elements and named formats, and the grammar of each family, for the README. */
export function formatTable(): string {
  const elements = listElements().map((element) => {
    const { rule } = makeFormat({ element });
    const range = `${short(element.values[0]!)} … ${short(element.values.at(-1)!)}`;
    const { bits, values, tie } = element;
    const { label, source } = aboutElement(element);
    return [names(element.id, element.aliases), label, bits, values.length, range, tie, rule, source];
  });
  const named = listFormats().map((format) => {
    const { aliases } = namedFormat(format.name!)!;
    const { label, source, licence } = aboutFormat(format);
    const { code, group } = storageBits(format);
    const bits =
      typeof format.group === "number" ? short(code + group / format.group) : `${code} + ${group}/${format.group}`;
    const { store, coder } = format;
    const rule = coder === "scaled" ? format.rule : coder;
    return [names(format.id, aliases), label, bits, groupId(format.group), rule, store, source, licence ?? ""];
  });
  return [
    ...elementGrammars().map((grammar) => `- ${grammar}`),
    "",
    ...rows(["id, aliases", "what", "bits", "values", "range", "ties", "scale", "source"], elements),
    "",
    ...rows(
      ["named format, aliases", "what", "bits/weight", "group", "scale", "stored as", "source", "licence"],
      named,
    ),
    "",
  ].join("\n");
}

function rows(head: readonly string[], cells: readonly (readonly (string | number)[])[]): string[] {
  return [line(head), line(head.map(() => "---")), ...cells.map(line)];
}

function names(id: string, aliases: readonly string[]): string {
  return [id, ...aliases].map((name) => `\`${name}\``).join(", ");
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
