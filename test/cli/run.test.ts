import assert from "node:assert/strict";
import { commands } from "../../cli/commands.ts";
import { type Command, helpOf, type Input, parseInput } from "../../cli/options.ts";
import { cli } from "./io.ts";

describe("bitfrontier", () => {
  it("prints help and version to stdout and exits 0", async () => {
    const help = await cli("--help");
    assert.deepEqual([help.code, help.err], [0, ""]);
    for (const { name } of commands) assert.match(help.out, new RegExp(`^ {2}${name} `, "m"));
    assert.deepEqual(await cli("--version"), { code: 0, out: "1.2.3\n", err: "" });
  });

  it("without a command it prints the help to stderr and exits 2", async () => {
    const { code, out, err } = await cli();
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /usage: bitfrontier COMMAND/);
  });

  it("names the nearest command", async () => {
    const { code, out, err } = await cli("formts");
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, /^bitfrontier: unknown command "formts" \(did you mean "formats"\?\); known are [^\n]+\n$/);
    assert.equal((await cli("--frobnicate")).code, 2);
  });

  for (const { name, options, examples } of commands)
    it(`${name} --help prints every option and an example, also as help ${name}`, async () => {
      const { code, out, err } = await cli(name, "--help");
      assert.deepEqual([code, err], [0, ""]);
      for (const option of Object.keys(options)) assert.ok(out.includes(`--${option}`), option);
      assert.ok(examples.length > 0);
      for (const example of examples) assert.ok(out.includes(`  bitfrontier ${example}\n`));
      assert.deepEqual(await cli("help", name), { code: 0, out, err: "" });
      assert.equal((await cli(name, "-h")).out, out);
    });

  for (const { name } of commands)
    it(`${name} with an unknown option exits 2 in one line`, async () => {
      const { code, out, err } = await cli(name, "--frobnicate");
      assert.deepEqual([code, out], [2, ""]);
      assert.equal(err, `bitfrontier: ${name}: unknown option --frobnicate; see bitfrontier ${name} --help\n`);
    });

  it("--debug adds the stack, otherwise an error is one line", async () => {
    const plain = await cli("fit", "/no/such/model");
    assert.equal(plain.code, 1);
    assert.match(plain.err, /^bitfrontier: [^\n]*\/no\/such\/model[^\n]*\n$/);
    const debug = await cli("fit", "/no/such/model", "--debug");
    assert.match(debug.err, /\n {4}at /);
  });
});

describe("parseInput", () => {
  const command: Command = {
    name: "try",
    summary: "try",
    arguments: [{ name: "MODEL", required: true, help: "a model" }],
    options: {
      out: { value: "DIR", required: true, help: "folder" },
      format: { value: "F", many: true, help: "formats" },
      count: { value: "N", help: "number" },
      unit: { value: "U", help: "unit" },
      json: { help: "JSON" },
    },
    examples: ["try x --out y"],
    run: async () => undefined,
  };
  const parse = (...words: string[]): Input => parseInput(command, words);
  const usage = (message: string | RegExp) => ({ name: "UsageError", message });

  it("reads switches, values, lists split at commas and whole numbers", () => {
    const input = parse("m", "--out", "d", "--format", "a,b", "--format=c", "--json", "--count", "12");
    assert.deepEqual(input.positionals, ["m"]);
    assert.deepEqual(input.list("format"), ["a", "b", "c"]);
    assert.deepEqual([input.text("out"), input.has("json"), input.whole("count", 1, 20)], ["d", true, 12]);
    assert.equal(input.text("unit"), undefined);
    assert.equal(parse("my model", "--out", "it's").line, "bitfrontier try 'my model' --out 'it'\\''s'");
  });

  it("names what is missing, empty, too much or unknown", () => {
    const see = "; see bitfrontier try --help";
    assert.throws(() => parse("m"), usage(`try: --out DIR is missing${see}`));
    assert.throws(() => parse("--out", "d"), usage(`try: MODEL is missing${see}`));
    assert.throws(() => parse("m", "n", "--out", "d"), usage(`try: unexpected argument "n"${see}`));
    assert.throws(() => parse("m", "--out", ""), usage(`try: --out is empty${see}`));
    assert.throws(() => parse("", "--out", "d"), usage(`try: an argument is empty${see}`));
    assert.throws(
      () => parse("m", "--fromat", "x"),
      usage(`try: unknown option --fromat (did you mean "format"?)${see}`),
    );
    assert.throws(() => parse("m", "--out"), usage(/^try: Option '--out <value>' argument missing; see/));
    assert.throws(() => parse("m", "--json=1", "--out", "d"), usage(/does not take an argument; see/));
  });

  it("refuses numbers that are not whole or out of bounds, and words not in the list", () => {
    const input = (count: string, unit = "row") => parse("m", "--out", "d", "--count", count, "--unit", unit);
    for (const count of ["0", "21", "1.5", "1e1", "x", "0x9", "9999999999999999999999"])
      assert.throws(() => input(count).whole("count", 1, 20), usage(/--count takes a whole number from 1 to 20/));
    assert.throws(
      () => input("1", "rwo").oneOf("unit", ["tensor", "row"]),
      usage('try: --unit takes tensor, row, not "rwo" (did you mean "row"?); see bitfrontier try --help'),
    );
  });

  it("takes an option with a value or bare, where it says what that means", () => {
    const sweep = commands.find(({ name }) => name === "sweep")!;
    const serve = (...words: string[]) => parseInput(sweep, words).text("serve");
    assert.deepEqual(
      [
        serve("--serve"),
        serve("--serve", "8080"),
        serve("--serve=80"),
        serve("--serve", "--out", "a"),
        serve("a.json"),
      ],
      ["0", "8080", "80", "0", undefined],
    );
    assert.match(helpOf(sweep), /^ {2}--serve \[PORT\] {2,}/m);
  });

  it("help shows usage, arguments, required and repeatable options", () => {
    const help = helpOf(command);
    assert.match(help, /usage: bitfrontier try MODEL --out DIR \[options\]/);
    assert.match(help, /--format F {2,}formats \(may be repeated\)/);
  });
});
