import { UserError } from "../../formats/error.ts";

/** A Boolean function as Liberty's `function` attribute writes it. */
export type Logic =
  | { op: "constant"; value: boolean }
  | { op: "pin"; name: string }
  | { op: "not"; of: Logic }
  | { op: "and" | "or" | "xor"; left: Logic; right: Logic };

/** The functions of standard cells are under 300 characters; a longer one is a mistake or an attack. */
export const MAX_FUNCTION_CHARACTERS = 1024;
/** Nested parentheses and inversions; cells use under 10, and the parser recurses. */
const MAX_DEPTH = 100;

/**
 * Parses `!`, `'`, `^`, `*`/`&`/space, `+`/`|`, parentheses, 0, 1 and pin names. Inversion binds first, then XOR, AND, OR
 * (Liberty Reference Manual, "function"). Throws UserError starting with `where`.
 */
export function parseLogic(text: string, where: string): Logic {
  const fail = (what: string): never => {
    throw new UserError(`${where}: function ${JSON.stringify(text.slice(0, 80))}: ${what}`);
  };
  if (text.length > MAX_FUNCTION_CHARACTERS) fail(`over ${MAX_FUNCTION_CHARACTERS} characters`);
  const tokens = text.match(/[A-Za-z_][\w[\].]*|\S/g) ?? [];
  let at = 0;
  let depth = 0;

  const atom = (): Logic => {
    if (++depth > MAX_DEPTH) fail(`nested more than ${MAX_DEPTH} deep`);
    const token = tokens[at++];
    let found: Logic;
    if (token === undefined) return fail("ends too early");
    if (token === "!") found = { op: "not", of: atom() };
    else if (token === "(") {
      found = or();
      if (tokens[at++] !== ")") fail("a parenthesis is not closed");
    } else if (token === "0" || token === "1") found = { op: "constant", value: token === "1" };
    else if (/^\w/.test(token)) found = { op: "pin", name: token };
    else return fail(`unexpected ${JSON.stringify(token)}`);
    depth--;
    while (tokens[at] === "'") {
      at++;
      found = { op: "not", of: found };
    }
    return found;
  };
  const chain = (op: "and" | "or" | "xor", operand: () => Logic, joins: () => boolean): Logic => {
    let left = operand();
    while (joins()) left = { op, left, right: operand() };
    return left;
  };
  const take = (...symbols: string[]) => symbols.includes(tokens[at] ?? "") && ++at > 0;
  const xor = (): Logic => chain("xor", atom, () => take("^"));
  const and = (): Logic => chain("and", xor, () => take("*", "&") || /^[\w!(]/.test(tokens[at] ?? ""));
  const or = (): Logic => chain("or", and, () => take("+", "|"));

  const parsed = or();
  if (at < tokens.length) fail(`unexpected ${JSON.stringify(tokens[at])}`);
  return parsed;
}

/** Names of the pins a function reads, each once. */
export function pinsOf(logic: Logic): string[] {
  const names = new Set<string>();
  const visit = (node: Logic): void => {
    if (node.op === "pin") names.add(node.name);
    else if (node.op === "not") visit(node.of);
    else if (node.op !== "constant") {
      visit(node.left);
      visit(node.right);
    }
  };
  visit(logic);
  return [...names];
}

/** `logic` with each pin replaced by what `replacement` gives for it. */
export function substitute(logic: Logic, replacement: (pin: string) => Logic): Logic {
  if (logic.op === "pin") return replacement(logic.name);
  if (logic.op === "constant") return logic;
  if (logic.op === "not") return { op: "not", of: substitute(logic.of, replacement) };
  return { op: logic.op, left: substitute(logic.left, replacement), right: substitute(logic.right, replacement) };
}

/** Value of the function, each pin a word of independent bits. */
export function evaluate(logic: Logic, wordOf: (pin: string) => number): number {
  switch (logic.op) {
    case "constant":
      return logic.value ? -1 : 0;
    case "pin":
      return wordOf(logic.name);
    case "not":
      return ~evaluate(logic.of, wordOf);
    case "and":
      return evaluate(logic.left, wordOf) & evaluate(logic.right, wordOf);
    case "or":
      return evaluate(logic.left, wordOf) | evaluate(logic.right, wordOf);
    case "xor":
      return evaluate(logic.left, wordOf) ^ evaluate(logic.right, wordOf);
  }
}

/** The function as a JavaScript expression of bitwise operators; `nameOf` gives the text that stands for a pin. */
export function toJavaScript(logic: Logic, nameOf: (pin: string) => string): string {
  switch (logic.op) {
    case "constant":
      return logic.value ? "-1" : "0";
    case "pin":
      return nameOf(logic.name);
    case "not":
      return `~${toJavaScript(logic.of, nameOf)}`;
    default: {
      const symbol = { and: "&", or: "|", xor: "^" }[logic.op];
      return `(${toJavaScript(logic.left, nameOf)}${symbol}${toJavaScript(logic.right, nameOf)})`;
    }
  }
}

/** Output of every row as "0" and "1"; input i is bit i of the row's number. At most 16 inputs. */
export function truthTable(logic: Logic, inputs: readonly string[]): string {
  let table = "";
  for (let row = 0; row < 2 ** inputs.length; row++) {
    table += evaluate(logic, (pin) => -((row >> inputs.indexOf(pin)) & 1)) & 1;
  }
  return table;
}
