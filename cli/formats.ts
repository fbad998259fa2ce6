import { elementFamilies, formatSheet, formatTable, listElements, renderSheet } from "../formats/index.ts";
import { codebookOption } from "./codebooks.ts";
import type { Command } from "./options.ts";
import { json, table } from "./table.ts";

export const formats: Command = {
  name: "formats",
  summary: "list the number formats, or explain one",
  arguments: [{ name: "ID", help: "element (sf4) or format (e2m1+sr@g64:clipped); without it, the list" }],
  options: {
    codebook: codebookOption,
    markdown: { help: "print the list as the Markdown tables of the README" },
    json: { help: "print JSON" },
  },
  examples: ["formats", "formats sf4@g64", "formats e2m1+sr --json", "formats '[-1,-0.5,0,0.5,1]@g64'"],

  async run({ positionals: [id], has }, { stdout }) {
    if (id !== undefined) {
      const sheet = formatSheet(id);
      stdout.write(has("json") ? json(sheet) : renderSheet(sheet));
      return undefined;
    }
    if (has("markdown")) {
      stdout.write(formatTable());
      return undefined;
    }
    const elements = listElements();
    if (has("json")) {
      stdout.write(json(elements));
      return undefined;
    }
    const rows = elements.map(({ id, aliases, label, family, bits, values, tie }) => [
      id,
      bits,
      values.length,
      family,
      tie,
      label,
      aliases.join(" "),
    ]);
    stdout.write(table(["id", "bits", "values", "family", "ties", "what", "aliases"], rows));
    stdout.write("\nids with parameters:\n");
    for (const { grammar } of elementFamilies) stdout.write(`  ${grammar.replaceAll("`", "")}\n`);
    stdout.write("\na format is ELEMENT@GROUP[:RULE][:STORE][:TIE], e.g. sf4@g128; GROUP is gN, row or tensor\n");
    return undefined;
  },
};
