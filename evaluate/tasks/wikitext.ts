/**
 * @file WikiText's raw files, in the forms they are passed around: the published lines, the rows of the Hub data set, and
 * those rows joined by empty lines.
 */
import { type DataFile, textsOf } from "./dataFile.ts";

/**
 * The rows of the Hub's wikitext-2-raw-v1: one a line, with its line break, "" for an empty one. A text is taken as such
 * rows joined by "\n\n" where every gap between its lines could come from that, else as the published file, in which an
 * empty line holds a space.
 */
export function wikitextRows(data: DataFile, source: string): string[] {
  if (data.kind !== "text") return textsOf(data, source);
  const text = data.text.replaceAll("\r\n", "\n");
  return rowsOfJoined(text) ?? rowsOfLines(text);
}

function rowsOfLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => (line.trim() === "" ? "" : `${line}\n`));
}

/** Two line breaks a row, one more for the row's own; null where a gap has another number. */
function rowsOfJoined(text: string): string[] | null {
  if (!text.includes("\n\n\n")) return null;
  const parts = text.split(/(\n+)/);
  const rows: string[] = [];
  for (const [i, part] of parts.entries()) {
    if (i % 2 === 0) {
      if (part !== "") rows.push(`${part}\n`);
      continue;
    }
    // Between two lines: the break of the first, and one separator more than there are empty rows.
    const inner = rows.length > 0 && parts[i + 1] !== "" ? 3 : rows.length > 0 ? 1 : 0;
    const empty = (part.length - inner) / 2;
    if (!Number.isInteger(empty) || empty < 0) return null;
    for (let k = 0; k < empty; k++) rows.push("");
  }
  return rows;
}

/**
 * The articles of a file as the Hub's EleutherAI/wikitext_document_level cuts them, those of rows with a field `page` as
 * they are: a line "= Title =" begins one, headings of sections ("= = Plot = =") do not.
 */
export function wikitextArticles(data: DataFile, source: string): string[] {
  if (data.kind !== "text") {
    const texts = textsOf(data, source);
    if (texts.some((text) => text.trimEnd().includes("\n"))) return texts;
  }
  const lines = [...wikitextRows(data, source).map((row) => (row === "" ? " " : row.replace(/\n$/, ""))), ""];
  const articles: string[] = [];
  let article: string[] = [];
  for (const line of lines) {
    const level = line.replaceAll("= = =", "===").replaceAll("= =", "==").trim();
    if (level.startsWith("= ") && level.endsWith(" =")) {
      if (article.some((each) => each.trim() !== "")) articles.push(article.join("\n"));
      article = [];
    }
    article.push(line);
  }
  return [...articles, article.join("\n")];
}
