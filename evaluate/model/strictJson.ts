/**
 * A JSON value read without loss: objects are Maps in the order of the text (so "__proto__" is a key like any other),
 * integer literals are bigints (exact beyond 2^53), literals with a fraction or an exponent are numbers.
 */
export type StrictJson = null | boolean | number | bigint | string | StrictJson[] | StrictJsonObject;
export type StrictJsonObject = Map<string, StrictJson>;

/** serde_json, which the safetensors reference uses, stops at the same depth. */
const MAX_DEPTH = 128;

/** u64 and i64 need at most 20 characters. Longer literals become numbers, so that a megabyte of digits costs nothing. */
const MAX_INTEGER_CHARACTERS = 20;

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/**
 * Parses JSON text by RFC 8259, stricter than JSON.parse: duplicate keys (compared after unescaping), lone surrogates,
 * numbers beyond the double range and nesting deeper than 128 are errors.
 * @throws SyntaxError saying what is wrong and at which character
 */
export function parseStrictJson(text: string): StrictJson {
  const scanner = { text, at: 0 };
  const value = readValue(scanner, 0);
  skipSpace(scanner);
  if (scanner.at < text.length) fail(scanner, "unexpected text after the JSON value");
  return value;
}

interface Scanner {
  readonly text: string;
  at: number;
}

function readValue(scanner: Scanner, depth: number): StrictJson {
  skipSpace(scanner);
  const character = scanner.text[scanner.at];
  switch (character) {
    case undefined:
      return fail(scanner, "the JSON text ends where a value is expected");
    case "{":
      return readObject(scanner, depth + 1);
    case "[":
      return readArray(scanner, depth + 1);
    case '"':
      return readString(scanner);
    case "t":
      return readWord(scanner, "true", true);
    case "f":
      return readWord(scanner, "false", false);
    case "n":
      return readWord(scanner, "null", null);
    default:
      return readNumber(scanner);
  }
}

function readObject(scanner: Scanner, depth: number): StrictJsonObject {
  checkDepth(scanner, depth);
  const object: StrictJsonObject = new Map();
  scanner.at++;
  if (takeIf(scanner, "}")) return object;
  do {
    skipSpace(scanner);
    if (scanner.text[scanner.at] !== '"') fail(scanner, "expected a key in quotes");
    const key = readString(scanner);
    if (object.has(key)) fail(scanner, `duplicate key ${JSON.stringify(shorten(key))}`);
    if (!takeIf(scanner, ":")) fail(scanner, "expected ':' after a key");
    object.set(key, readValue(scanner, depth));
  } while (takeIf(scanner, ","));
  if (!takeIf(scanner, "}")) fail(scanner, "expected ',' or '}' in an object");
  return object;
}

function readArray(scanner: Scanner, depth: number): StrictJson[] {
  checkDepth(scanner, depth);
  const array: StrictJson[] = [];
  scanner.at++;
  if (takeIf(scanner, "]")) return array;
  do array.push(readValue(scanner, depth));
  while (takeIf(scanner, ","));
  if (!takeIf(scanner, "]")) fail(scanner, "expected ',' or ']' in an array");
  return array;
}

function readString(scanner: Scanner): string {
  const { text } = scanner;
  let result = "";
  scanner.at++;
  for (;;) {
    const start = scanner.at;
    while (isPlain(text.charCodeAt(scanner.at))) scanner.at++;
    result += text.slice(start, scanner.at);
    const character = text[scanner.at];
    if (character === undefined) fail(scanner, "the JSON text ends inside a string");
    if (character === '"') break;
    if (character !== "\\") fail(scanner, "control character in a string");
    result += readEscape(scanner);
  }
  scanner.at++;
  if (LONE_SURROGATE.test(result)) fail(scanner, "a string holds a lone surrogate");
  return result;
}

/** Neither a quote, nor a backslash, nor a control character; false for NaN, which charCodeAt gives past the end. */
function isPlain(code: number): boolean {
  return code >= 0x20 && code !== 0x22 && code !== 0x5c;
}

function readEscape(scanner: Scanner): string {
  const letter = scanner.text[scanner.at + 1] ?? "";
  if (letter === "u") {
    const digits = scanner.text.slice(scanner.at + 2, scanner.at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) fail(scanner, "bad \\u escape in a string");
    scanner.at += 6;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
  if (!Object.hasOwn(SIMPLE_ESCAPES, letter)) fail(scanner, "bad escape in a string");
  scanner.at += 2;
  return SIMPLE_ESCAPES[letter] as string;
}

function readNumber(scanner: Scanner): number | bigint {
  NUMBER.lastIndex = scanner.at;
  const match = NUMBER.exec(scanner.text);
  if (match === null) return fail(scanner, "unexpected character");
  const [literal, fraction, exponent] = match;
  const isInteger = fraction === undefined && exponent === undefined && literal !== "-0";
  if (isInteger && literal.length <= MAX_INTEGER_CHARACTERS) {
    scanner.at += literal.length;
    return BigInt(literal);
  }
  const value = Number(literal);
  if (!Number.isFinite(value)) fail(scanner, "number out of range");
  scanner.at += literal.length;
  return value;
}

function readWord<T>(scanner: Scanner, word: string, value: T): T {
  if (!scanner.text.startsWith(word, scanner.at)) fail(scanner, "unexpected character");
  scanner.at += word.length;
  return value;
}

function takeIf(scanner: Scanner, character: string): boolean {
  skipSpace(scanner);
  if (scanner.text[scanner.at] !== character) return false;
  scanner.at++;
  return true;
}

function skipSpace(scanner: Scanner): void {
  const { text } = scanner;
  for (;;) {
    const code = text.charCodeAt(scanner.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    scanner.at++;
  }
}

function checkDepth(scanner: Scanner, depth: number): void {
  if (depth >= MAX_DEPTH) fail(scanner, `nesting deeper than ${MAX_DEPTH}`);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function fail(scanner: Scanner, reason: string): never {
  throw new SyntaxError(`${reason} (character ${scanner.at})`);
}
