import { UserError } from "../../formats/error.ts";

/** A group of a Liberty file: `type(args) { attributes groups }`. Simple attributes have one value, complex ones several. */
export interface Group {
  type: string;
  args: string[];
  attributes: Map<string, string[]>;
  groups: Group[];
}

/** The largest open libraries (all drives, all tables of a corner) have 15 to 50 MB. */
export const MAX_LIBERTY_CHARACTERS = 100_000_000;
/** library, cell, pin, timing, table: five; the format's deepest has eight. */
const MAX_DEPTH = 16;
/** Groups in the largest open libraries: about 300 000. */
const MAX_GROUPS = 2_000_000;

/**
 * Parses the syntax of a Liberty file, of any group. Throws UserError naming the file and the line for text that is not
 * Liberty, that ends too early, or that exceeds the limits.
 */
export function parseLibertyTree(text: string, name: string): Group {
  if (text.length > MAX_LIBERTY_CHARACTERS) {
    throw new UserError(`${name}: over ${MAX_LIBERTY_CHARACTERS} characters, not read`);
  }
  // White space, a comment or the mark of a continued line; a string; a mark; a word. No part needs to backtrack.
  const pattern = /(\s+|\/\*[\s\S]*?\*\/|\\)|"([^"]*)"|([(){}:;,])|([^\s(){}:;,"\\]+)|(["])/gy;
  let line = 1;
  let groups = 0;
  let token = "";
  let quoted = false;

  const fail = (what: string): never => {
    throw new UserError(`${name}: line ${line}: ${what}`);
  };
  const advance = (): void => {
    for (;;) {
      const match = pattern.exec(text);
      token = "";
      quoted = false;
      if (match === null) return;
      const [all, blank, string, mark, word] = match;
      if (all.includes("\n")) line += all.split("\n").length - 1;
      if (blank !== undefined) continue;
      if (word?.includes("/*")) fail("a comment is not closed, or touches a word");
      quoted = string !== undefined;
      token = string?.replace(/\\\r?\n/g, " ") ?? mark ?? word ?? fail(`unexpected ${JSON.stringify(all)}`);
      return;
    }
  };
  const isMark = (mark: string) => token === mark && !quoted;
  const atEnd = () => token === "" && !quoted;

  const args = (): string[] => {
    const found: string[] = [];
    for (advance(); !isMark(")"); advance()) {
      if (atEnd() || isMark("{") || isMark("}") || isMark(";")) fail("a parenthesis is not closed");
      if (!isMark(",")) found.push(token);
    }
    advance();
    return found;
  };
  const value = (): string => {
    const parts: string[] = [];
    const start = line;
    for (advance(); !isMark(";") && !isMark("}") && !atEnd(); advance()) {
      // Some files leave out the semicolon; the next line then starts with a name and a mark.
      if (parts.length > 0 && line > start) break;
      parts.push(token);
    }
    if (isMark(";")) advance();
    return parts.join(" ");
  };
  const body = (group: Group, depth: number): void => {
    if (depth > MAX_DEPTH) fail(`groups nested more than ${MAX_DEPTH} deep`);
    for (advance(); !isMark("}"); ) {
      if (atEnd()) fail(`${group.type}(${group.args.join(",")}) is not closed`);
      if (isMark(";")) {
        advance();
        continue;
      }
      if (quoted || /^[(){}:,]$/.test(token))
        fail(`unexpected ${JSON.stringify(token)}, expected an attribute or a group`);
      const key = token;
      advance();
      if (isMark(":")) group.attributes.set(key, [value()]);
      else if (isMark("(")) {
        const given = args();
        if (isMark("{")) group.groups.push(child(key, given, depth + 1));
        else {
          group.attributes.set(key, given);
          if (isMark(";")) advance();
        }
      } else fail(`expected ":" or "(" after ${JSON.stringify(key.slice(0, 60))}`);
    }
    advance();
  };
  const child = (type: string, given: string[], depth: number): Group => {
    if (++groups > MAX_GROUPS) fail(`more than ${MAX_GROUPS} groups`);
    const group: Group = { type, args: given, attributes: new Map(), groups: [] };
    body(group, depth);
    return group;
  };

  advance();
  const type = token;
  advance();
  if (type !== "library" || !isMark("(")) fail("expected library(NAME) { … }; is this a Liberty file?");
  const given = args();
  if (!isMark("{")) fail("expected { after library(NAME)");
  const library = child(type, given, 1);
  if (!atEnd()) fail("text after the end of the library");
  return library;
}

/** The one value of a simple attribute, undefined if it is absent. */
export function attribute(group: Group, name: string): string | undefined {
  return group.attributes.get(name)?.[0];
}
