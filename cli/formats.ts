import { listElements, listFormats, scaleRules, scaleStores } from "../formats/index.ts";
import { aboutElement, elementGrammars, formatSheet, formatTable, renderSheet } from "../formats/sheets/index.ts";
import "../fitting/everyId.ts";
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
  examples: [
    "formats",
    "formats sf4@g64",
    "formats mxfp4",
    "formats e2m1+sr --json",
    "formats '[-1,-0.5,0,0.5,1]@g64'",
  ],

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
    const named = listFormats();
    if (has("json")) {
      stdout.write(
        json({
          elements: elements.map((element) => ({ ...element, ...aboutElement(element) })),
          formats: named.map(({ id }) => formatSheet(id)),
        }),
      );
      return undefined;
    }
    const rows = elements.map((element) => {
      const { id, aliases, family, bits, values, tie } = element;
      return [id, bits, values.length, family, tie, aboutElement(element).label, aliases.join(" ")];
    });
    stdout.write(table(["id", "bits", "values", "family", "ties", "what", "aliases"], rows));
    stdout.write("\nids with parameters:\n");
    for (const grammar of elementGrammars()) stdout.write(`  ${grammar.replaceAll("`", "")}\n`);
    const sheets = named.map(({ id }) => formatSheet(id));
    const cells = sheets.map(({ id, bits, storage, bitsPerWeight, group, scaleRule, scaleStore, label, aliases }) => [
      id,
      bitsPerWeight ?? `${bits} + ${storage.group}/${group}`,
      group,
      scaleRule,
      scaleStore,
      label,
      aliases.join(" "),
    ]);
    stdout.write("\nnamed formats:\n");
    stdout.write(table(["id", "bits/weight", "group", "scale", "stored as", "what", "aliases"], cells));
    stdout.write("\na format is ELEMENT@GROUP[:RULE][:STORE][:TIE], e.g. sf4@g128; GROUP is gN, row or tensor;\n");
    stdout.write("or a named format with the same options, e.g. mxfp4:rceil, bitmod4@g64\n");
    stdout.write(`  RULE: ${Object.keys(scaleRules).join(", ")}\n`);
    stdout.write(`  STORE: ${Object.keys(scaleStores).join(", ")}\n`);
    return undefined;
  },
};
