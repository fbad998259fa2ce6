import assert from "node:assert/strict";
import { parseStrictJson } from "../../../evaluate/model/strictJson.ts";

describe("evaluate/model/strictJson", () => {
  it("parseStrictJson keeps integers exact, and numbers with a fraction or an exponent as numbers", () => {
    assert.deepEqual(parseStrictJson("[9007199254740993, -5, 1.5, 1e1, 0]"), [9007199254740993n, -5n, 1.5, 10, 0n]);
  });

  it("parseStrictJson gives -0 and integers beyond 64 bits as numbers", () => {
    assert.ok(Object.is(parseStrictJson("-0"), -0));
    assert.equal(parseStrictJson("123456789012345678901"), 123456789012345680000);
  });

  it("parseStrictJson reads objects as Maps in order, whatever the keys are called", () => {
    const value = parseStrictJson('{"b":1,"__proto__":null,"2":true,"1":false}');
    assert.deepEqual(
      [...(value as Map<string, unknown>)],
      [
        ["b", 1n],
        ["__proto__", null],
        ["2", true],
        ["1", false],
      ],
    );
  });

  it("parseStrictJson decodes every escape and surrogate pairs", () => {
    assert.equal(parseStrictJson('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"'), '"\\/\b\f\n\r\té😀');
  });

  const refused: [string, RegExp][] = [
    ["", /ends where a value/],
    ["   ", /ends where a value/],
    ['{"a":1,"a":2}', /duplicate key "a"/],
    ['{"a":1,"\\u0061":2}', /duplicate key "a"/],
    ['{"x":{"a":1,"a":1}}', /duplicate key/],
    ['"\\udc00"', /lone surrogate/],
    ['"\\ude00\\ud83d"', /lone surrogate/],
    ['"\\u12g4"', /bad \\u escape/],
    ['"a\nb"', /control character/],
    ['"abc', /ends inside a string/],
    ['"abc\\', /bad escape/],
    ["[1,]", /unexpected character/],
    ["[1 2]", /expected ',' or '\]'/],
    ['{"a" 1}', /expected ':'/],
    ["01", /unexpected text/],
    ["+1", /unexpected character/],
    [".5", /unexpected character/],
    ["1.", /unexpected text/],
    ["1e", /unexpected text/],
    ["1e999", /out of range/],
    ["nul", /unexpected character/],
    ["Infinity", /unexpected character/],
    ["{} {}", /unexpected text/],
    ["\u00a01", /unexpected character/],
  ];
  for (const [text, reason] of refused) {
    it(`parseStrictJson refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseStrictJson(text),
        (error: unknown) => error instanceof SyntaxError && reason.test(error.message),
      );
    });
  }

  it("parseStrictJson accepts nesting of 127 and refuses 128, as serde_json does", () => {
    assert.ok(parseStrictJson("[".repeat(127) + "]".repeat(127)));
    assert.throws(() => parseStrictJson("[".repeat(128) + "]".repeat(128)), /nesting deeper/);
  });

  it("parseStrictJson reads a string of ten million characters and a list of 200,000 entries", () => {
    assert.equal((parseStrictJson(`"${"x".repeat(1e7)}"`) as string).length, 1e7);
    assert.equal((parseStrictJson(`[${"1,".repeat(199_999)}1]`) as unknown[]).length, 200_000);
  });
});
