import { UserError } from "../error.ts";
import { normalQuantile, studentQuantile } from "../quantiles.ts";

/** A codebook's formula is a line; longer ones are pasted by mistake. */
const LENGTH_MAX = 500;
/** Nested parentheses and signs: far above what a formula needs, far below what a call stack holds. */
const DEPTH_MAX = 50;

type Node = (i: number) => number;

const constants: ReadonlyMap<string, number> = new Map([
  ["pi", Math.PI],
  ["e", Math.E],
]);

/** Functions of a formula with the number of their arguments. `normal` and `student` are quantile functions. */
const functions: ReadonlyMap<string, { arity: readonly number[]; apply: (...values: number[]) => number }> = new Map([
  ...(["abs", "sign", "sqrt", "cbrt", "exp", "log", "log2", "log10"] as const).map(unary),
  ...(["floor", "ceil", "round", "trunc", "sin", "cos", "tan", "tanh", "sinh", "asinh", "atanh"] as const).map(unary),
  ["min", { arity: [2], apply: Math.min }],
  ["max", { arity: [2], apply: Math.max }],
  ["normal", { arity: [1], apply: normalQuantile }],
  ["student", { arity: [2], apply: studentQuantile }],
]);

/**
 * Compiles an arithmetic formula of one whole number `i`: numbers, `i`, pi, e, `+ - * / % ^`, parentheses and the functions
 * abs sign sqrt cbrt exp log log2 log10 floor ceil round trunc sin cos tan tanh sinh asinh atanh min max, normal(p) and
 * student(p, nu). `^` binds to the right and before a sign: −2^2 = −4. Nothing is evaluated but these.
 * Throws UserError naming the place and what was expected.
 */
export function compileFormula(text: string): (i: number) => number {
  if (text.length > LENGTH_MAX) throw new UserError(`formula of ${text.length} characters; at most ${LENGTH_MAX}`);
  const tokens = tokenize(text);
  let position = 0;
  let depth = 0;
  const peek = () => tokens[position]?.text;
  const fail = (expected: string): never => {
    const token = tokens[position];
    const where = token === undefined ? "at its end" : `at "${token.text}" (character ${token.at + 1})`;
    throw new UserError(`formula ${JSON.stringify(text)}: expected ${expected} ${where}`);
  };
  const take = (wanted: string) => (peek() === wanted ? position++ : fail(`"${wanted}"`));

  function nested(parse: () => Node): Node {
    if (++depth > DEPTH_MAX) throw new UserError(`formula ${JSON.stringify(text)}: nested deeper than ${DEPTH_MAX}`);
    const node = parse();
    depth--;
    return node;
  }
  function chain(operators: readonly string[], parse: () => Node): Node {
    let left = parse();
    for (let operator = peek(); operator !== undefined && operators.includes(operator); operator = peek()) {
      position++;
      left = binary(operator, left, parse());
    }
    return left;
  }
  const sum = (): Node => chain(["+", "-"], product);
  const product = (): Node => chain(["*", "/", "%"], signed);
  function signed(): Node {
    const sign = peek();
    if (sign !== "-" && sign !== "+") return power();
    position++;
    const operand = nested(signed);
    return sign === "-" ? (i) => -operand(i) : operand;
  }
  function power(): Node {
    const base = atom();
    if (peek() !== "^") return base;
    position++;
    return binary("^", base, nested(signed));
  }
  function atom(): Node {
    const token = peek();
    if (token === "(") {
      position++;
      const inside = nested(sum);
      take(")");
      return inside;
    }
    if (token === undefined) return fail("a number, i or a function");
    if (/^[\d.]/.test(token)) {
      position++;
      return () => Number(token);
    }
    const constant = constants.get(token);
    if (constant !== undefined || token === "i") {
      position++;
      return token === "i" ? (i) => i : () => constant!;
    }
    const called = functions.get(token);
    if (called === undefined) return fail(`a number, i, pi, e or one of ${[...functions.keys()].join(" ")}`);
    position++;
    return call(token, called);
  }
  function call(name: string, { arity, apply }: { arity: readonly number[]; apply: (...v: number[]) => number }): Node {
    take("(");
    const values = [nested(sum)];
    while (peek() === ",") {
      position++;
      values.push(nested(sum));
    }
    if (!arity.includes(values.length)) {
      throw new UserError(`formula ${JSON.stringify(text)}: ${name} takes ${arity.join(" or ")} numbers`);
    }
    take(")");
    return (i) => apply(...values.map((value) => value(i)));
  }

  const whole = sum();
  if (position < tokens.length) fail("an operator");
  return whole;
}

interface Token {
  text: string;
  at: number;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[a-z]\w*|[-+*/%^(),]))/iy;
  while (text.slice(pattern.lastIndex).trim() !== "") {
    const start = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) {
      const at = start + text.slice(start).search(/\S/);
      throw new UserError(`formula ${JSON.stringify(text)}: "${text[at]}" (character ${at + 1}) means nothing here`);
    }
    tokens.push({ text: match[1]!.toLowerCase(), at: pattern.lastIndex - match[1]!.length });
  }
  return tokens;
}

function binary(operator: string, left: Node, right: Node): Node {
  switch (operator) {
    case "+":
      return (i) => left(i) + right(i);
    case "-":
      return (i) => left(i) - right(i);
    case "*":
      return (i) => left(i) * right(i);
    case "/":
      return (i) => left(i) / right(i);
    case "%":
      return (i) => left(i) % right(i);
    default:
      return (i) => left(i) ** right(i);
  }
}

function unary<Name extends keyof Math>(
  name: Name,
): [Name, { arity: number[]; apply: (...values: number[]) => number }] {
  return [name, { arity: [1], apply: Math[name] as (value: number) => number }];
}
