import { didYouMean } from "../evaluate/sweep/didYouMean.ts";
import { UserError } from "../formats/error.ts";
import { useCodebooks } from "./codebooks.ts";
import { commands } from "./commands.ts";
import { type Command, columns, helpOf, type Io, parseInput, UsageError } from "./options.ts";

/** Exit codes of the command line. */
export const EXIT = { success: 0, failure: 1, usage: 2 } as const;

/**
 * Runs one command line (the words after `bitfrontier`) and gives its exit code. Errors become one line on stderr;
 * with `--debug` the stack follows.
 */
export async function runCli(words: readonly string[], io: Io, version: string): Promise<number> {
  try {
    return await dispatch(words, io, version);
  } catch (error) {
    if (isBrokenPipe(error)) return EXIT.success;
    const line = messageOf(error);
    io.stderr.write(`bitfrontier: ${line}\n`);
    if (words.includes("--debug") && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failure;
  }
}

async function dispatch(words: readonly string[], io: Io, version: string): Promise<number> {
  const [first, ...rest] = words.filter((word, i) => !(word === "--debug" && i === 0));
  if (first === "--version" || first === "-V") {
    io.stdout.write(`${version}\n`);
    return EXIT.success;
  }
  if (first === "--help" || first === "-h" || first === "help") {
    const about = first === "help" ? rest[0] : undefined;
    io.stdout.write(about === undefined ? overview() : helpOf(commandNamed(about)));
    return EXIT.success;
  }
  if (first === undefined) {
    io.stderr.write(overview());
    return EXIT.usage;
  }
  const command = commandNamed(first);
  const input = parseInput(command, rest);
  if (input.has("help")) {
    io.stdout.write(helpOf(command));
    return EXIT.success;
  }
  useCodebooks(input);
  return (await command.run(input, io)) ?? EXIT.success;
}

function commandNamed(name: string): Command {
  const command = commands.find((command) => command.name === name);
  if (command) return command;
  const names = commands.map((command) => command.name);
  if (name.startsWith("-")) throw new UsageError(`the command comes first; known are ${names.join(", ")}`);
  throw new UsageError(`unknown command "${name}"${didYouMean(name, names)}; known are ${names.join(", ")}`);
}

/** The help of the whole program. */
function overview(): string {
  return [
    "Which few-bit number format buys the most accuracy per square micron, per picojoule and per bit moved?",
    "",
    "usage: bitfrontier COMMAND [arguments] [options]",
    "",
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    "",
    "MODEL is a folder, a .safetensors or .gguf file, a Hub id (org/name, fetched to its cache), or 'reference' (embedded).",
    "bitfrontier COMMAND --help explains one command; bitfrontier --version prints the version.",
    "",
  ].join("\n");
}

/** One line, whatever was thrown. An error that is not the user's is marked, since it is ours to mend. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `internal error: ${String(error)}`;
  const line = error.message.replace(/\s*\n\s*/g, " ");
  return error instanceof UserError ? line : `internal error: ${error.name}: ${line} (--debug shows where)`;
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "EPIPE";
}
