import { recipes } from "./index.ts";

/** The recipes as a Markdown table, for docs/retraining.md. */
export function recipeTable(): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const rows = recipes.map(({ id, summary, format, rate, source, quirks }) =>
    [`\`${id}\``, summary, `\`${format}\``, rate.toExponential().replace("e", " e"), source, quirks.join("; ")]
      .map(cell)
      .join(" | "),
  );
  const head = [
    "recipe",
    "what it does",
    "published with",
    "rate",
    "source",
    "code against paper, and what is left out",
  ];
  return `| ${head.join(" | ")} |\n|${" --- |".repeat(head.length)}\n${rows.map((row) => `| ${row} |\n`).join("")}`;
}
