import { parseArgs } from "node:util";
import { didYouMean } from "../evaluate/sweep/didYouMean.ts";
import { UserError } from "../formats/error.ts";
import { splitList } from "./splitList.ts";

/** A command line that does not say what to do: exit code 2. */
export class UsageError extends UserError {
  override name = "UsageError";
}

/** One option; without `value` it is a switch. */
export interface Option {
  /** Placeholder of its value in the help: `--group N`. */
  value?: string;
  /** What it means without its value, which then begins with a digit: `--serve`, `--serve 8080`. */
  bare?: string;
  /** May be given several times. */
  many?: boolean;
  /** The command cannot run without it. */
  required?: boolean;
  help: string;
}

/** A positional argument. */
export interface Argument {
  name: string;
  help: string;
  required?: boolean;
  /** Takes all that follow. */
  many?: boolean;
}

/** Where a command reads and writes; the tests pass their own. */
export interface Io {
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown; isTTY?: boolean; columns?: number };
  /** From the call on, the first Ctrl-C aborts the signal instead of ending the process: finish what runs, then stop. */
  interruptible(): AbortSignal;
}

/** One command: its help, its parsing and its usage errors all come from this table. */
export interface Command {
  name: string;
  /** One line. */
  summary: string;
  arguments?: readonly Argument[];
  options: Readonly<Record<string, Option>>;
  /** Command lines that work as they are, after `bitfrontier `. */
  examples: readonly string[];
  /** Writes results to stdout and progress to stderr; a returned number is the exit code. */
  run(input: Input, io: Io): Promise<number | undefined>;
}

/** The parsed command line of one command. */
export interface Input {
  positionals: string[];
  /** The command line as a shell would take it again: `bitfrontier sweep --out runs/a`. */
  line: string;
  /** Whether a switch was given. */
  has(name: string): boolean;
  /** The value of an option; undefined when absent. */
  text(name: string): string | undefined;
  /** All values of a repeatable option, each also split at commas outside brackets. */
  list(name: string): string[];
  /** A whole number within bounds; undefined when absent. Throws UsageError. */
  whole(name: string, low: number, high: number): number | undefined;
  /** A number within bounds; undefined when absent. Throws UsageError. */
  decimal(name: string, low: number, high: number): number | undefined;
  /** As `list`, each of the words. Throws UsageError. */
  listOf<T extends string>(name: string, words: readonly T[]): T[];
  /** One of the words; undefined when absent. Throws UsageError. */
  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined;
}

/** What every command takes. */
export const COMMON: Readonly<Record<string, Option>> = {
  debug: { help: "print the stack trace of an error" },
  help: { help: "print this help" },
};

/** Parses the words after the command's name. Throws UsageError naming the nearest option. */
export function parseInput(command: Command, words: readonly string[]): Input {
  const options = { ...command.options, ...COMMON };
  const parsed = parseStrictly(command, words, options);
  const values = new Map(Object.entries(parsed.values));
  const fail = (what: string) => new UsageError(`${command.name}: ${what}; see bitfrontier ${command.name} --help`);
  for (const [name, value] of values) if (value === "") throw fail(`--${name} is empty`);
  if (values.get("help") !== true) {
    for (const [name, { required, value }] of Object.entries(command.options))
      if (required && !values.has(name)) throw fail(`--${name} ${value} is missing`);
    checkPositionals(command, parsed.positionals, fail);
  }
  const text = (name: string): string | undefined => {
    const value = values.get(name);
    return typeof value === "string" ? value : undefined;
  };
  const known = <T extends string>(name: string, value: string, words: readonly T[]): T => {
    const found = words.find((word) => word === value);
    if (found === undefined)
      throw fail(`--${name} takes ${words.join(", ")}, not "${value}"${didYouMean(value, words)}`);
    return found;
  };
  const list = (name: string): string[] => {
    const value = values.get(name);
    const given = Array.isArray(value) ? value.map(String) : typeof value === "string" ? [value] : [];
    return given.flatMap(splitList);
  };
  return {
    positionals: parsed.positionals,
    line: ["bitfrontier", command.name, ...words].map(quoted).join(" "),
    has: (name) => values.get(name) === true,
    text,
    list,
    listOf: (name, words) => list(name).map((value) => known(name, value, words)),
    whole(name, low, high) {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = Number(value);
      if (!/^\d+$/.test(value) || number < low || number > high)
        throw fail(`--${name} takes a whole number from ${low} to ${high}, not "${value}"`);
      return number;
    },
    decimal(name, low, high) {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = value.trim() === "" ? Number.NaN : Number(value);
      if (!(number >= low && number <= high))
        throw fail(`--${name} takes a number from ${low} to ${high}, not "${value}"`);
      return number;
    },
    oneOf(name, words) {
      const value = text(name);
      return value === undefined ? undefined : known(name, value, words);
    },
  };
}

function parseStrictly(command: Command, words: readonly string[], options: Readonly<Record<string, Option>>) {
  const names = Object.keys(options);
  try {
    return parseArgs({
      args: words.map((word, i) => {
        const { bare } = (word.startsWith("--") && options[word.slice(2)]) || {};
        return bare !== undefined && !/^\d/.test(words[i + 1] ?? "") ? `${word}=${bare}` : word;
      }),
      options: Object.fromEntries(
        Object.entries(options).map(([name, { value, many }]) => [
          name,
          {
            type: value === undefined ? ("boolean" as const) : ("string" as const),
            multiple: many ?? false,
            ...(name === "help" ? { short: "h" } : {}),
          },
        ]),
      ),
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    const unknown = /Unknown option '--?([^']*)'/.exec((error as Error).message)?.[1];
    const reason =
      unknown === undefined
        ? (error as Error).message.split("\n")[0]!.replace(/\. To specify.*$/, "")
        : `unknown option --${unknown}${didYouMean(unknown, names)}`;
    throw new UsageError(`${command.name}: ${reason}; see bitfrontier ${command.name} --help`);
  }
}

function checkPositionals(command: Command, given: readonly string[], fail: (what: string) => UsageError): void {
  const wanted = command.arguments ?? [];
  wanted.forEach((argument, i) => {
    if (argument.required && given.length <= i) throw fail(`${argument.name} is missing`);
  });
  if (given.some((word) => word === "")) throw fail("an argument is empty");
  const many = wanted.some((argument) => argument.many);
  if (!many && given.length > wanted.length) throw fail(`unexpected argument "${given[wanted.length]}"`);
}

/** A word in quotes where a shell would otherwise split or expand it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The help page of a command. */
export function helpOf(command: Command): string {
  const wanted = command.arguments ?? [];
  const words = wanted.map(({ name, required, many }) => {
    const word = many ? `${name}…` : name;
    return required ? word : `[${word}]`;
  });
  const required = Object.entries(command.options)
    .filter(([, option]) => option.required)
    .map(([name, { value }]) => `--${name} ${value}`);
  const lines = [
    `${command.summary}`,
    "",
    `usage: bitfrontier ${[command.name, ...words, ...required, "[options]"].join(" ")}`,
    "",
    ...columns([
      ...wanted.map(({ name, help }): [string, string] => [name, help]),
      ...Object.entries({ ...command.options, ...COMMON }).map(
        ([name, { value, bare, many, help }]): [string, string] => [
          `--${name}${value === undefined ? "" : bare === undefined ? ` ${value}` : ` [${value}]`}`,
          many ? `${help} (may be repeated)` : help,
        ],
      ),
    ]),
    "",
    command.examples.length === 1 ? "example:" : "examples:",
    ...command.examples.map((example) => `  bitfrontier ${example}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** Two columns, the first as wide as its longest entry. */
export function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
