import { UserError } from "../../formats/error.ts";
import { EXAMPLES_MAX, type Example } from "./examples.ts";

/** A data file as read: a plain text, JSON objects one a line, or the rows of a table. */
export type DataFile =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "lines"; readonly text: string }
  | { readonly kind: "rows"; readonly rows: readonly Record<string, unknown>[] };

/** The fields in which the common data sets keep their texts, the first found is taken. */
const TEXT_FIELDS = ["text", "page", "content"] as const;

/** An entry of a data file that is read when it is asked for: a million lines need not all be parsed. */
export type Entry = () => Example;

/** The objects of a file, those of a text or of lines parsed as JSON, empty lines skipped. Throws UserError naming the line. */
export function entriesOf(data: DataFile, source: string): Entry[] {
  const entries =
    data.kind === "rows"
      ? data.rows.map((fields, i) => () => ({ fields, where: `${source} row ${i + 1}` }))
      : data.text.split("\n").flatMap((line, i) => {
          const where = `${source} line ${i + 1}`;
          return line.trim() === "" ? [] : [() => ({ fields: parseObject(line, where), where })];
        });
  if (entries.length > EXAMPLES_MAX)
    throw new UserError(`${source}: ${entries.length} ${data.kind}, more than ${EXAMPLES_MAX}`);
  return entries;
}

/** The texts of a file: one of a plain text, else those of its rows, which may be empty. Throws UserError naming the row. */
export function textsOf(data: DataFile, source: string): string[] {
  if (data.kind === "text") return [data.text];
  return entriesOf(data, source).map((entry) => {
    const { fields, where } = entry();
    const name = TEXT_FIELDS.find((field) => Object.hasOwn(fields, field));
    const value = name === undefined ? undefined : fields[name];
    if (typeof value !== "string")
      throw new UserError(`${where}: expected a text in the field ${TEXT_FIELDS.join(" or ")}`);
    return value;
  });
}

/** A file as one text: rows are joined by an empty line, as GPTQ's code joins those of WikiText-2. */
export function plainText(data: DataFile, source: string): string {
  return textsOf(data, source).join("\n\n");
}

function parseObject(line: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new UserError(`${where}: expected a JSON object, got ${JSON.stringify(line.slice(0, 40))}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UserError(`${where}: expected a JSON object`);
  return value as Record<string, unknown>;
}
