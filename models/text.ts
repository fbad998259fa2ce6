/** A paragraph is hard-wrapped when every line but its last fills a terminal or a typewriter page's width. */
const WRAP_MIN = 45;
const WRAP_MAX = 95;

/**
 * Puts prose from different editions into one form, so that a small vocabulary is not spent on typography: NFC, LF line
 * ends, straight quotes, ordinary spaces and hyphens, no runs of spaces, one blank line between paragraphs, and
 * hard-wrapped paragraphs on one line. Short lines (verse, lists) keep their breaks. Idempotent.
 */
export function cleanText(raw: string): string {
  return raw
    .replace(/^\uFEFF/, "")
    .normalize("NFC")
    .replace(/\r\n?/g, "\n")
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u201C\u201D]/g, '"')
    .replace(/[\u2010\u2011]/g, "-")
    .replace(/[\t\u00A0\u2002-\u200A]/g, " ")
    .split(/\n[ \n]*\n/)
    .map(cleanParagraph)
    .filter((paragraph) => paragraph !== "")
    .join("\n\n");
}

function cleanParagraph(paragraph: string): string {
  const lines = paragraph
    .split("\n")
    .map((line) => line.replace(/ {2,}/g, " ").trim())
    .filter((line) => line !== "");
  const wrapped = lines.slice(0, -1).every((line) => line.length >= WRAP_MIN && line.length <= WRAP_MAX);
  return lines.join(wrapped ? " " : "\n");
}
