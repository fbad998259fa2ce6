/**
 * Text from rows is written by strangers (a model's name can be anything), so each kind of output has its one way
 * of making it harmless. Nothing else in reports/ writes such text by hand.
 */

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for HTML content or a quoted attribute. */
export function html(text: string): string {
  return visible(text).replace(/[&<>"']/g, (c) => entities[c]!);
}

/** Text for one cell of a Markdown table: no cell, row, link, code or HTML can be opened from inside. */
export function markdown(text: string): string {
  return visible(text)
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]|~]/g, (c) => `\\${c}`)
    .replace(/[&<>]/g, (c) => entities[c]!);
}

/** One line for a terminal or an error message: control characters (escape sequences) become U+FFFD. */
export function plain(text: string): string {
  return visible(text).replace(/\s+/g, " ");
}

/**
 * One CSV field (RFC 4180): quoted where it holds a comma, quote or line break; a null is an empty field, an empty
 * string is `""`. Text that a spreadsheet would run as a formula (first character = + - @ tab or return) gets a
 * leading apostrophe, OWASP's "CSV Injection" advice; numbers are written as they are.
 */
export function csv(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Control characters, and the marks that turn the reading direction round, made visible; tab and newline stay. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
