import assert from "node:assert/strict";
import { parseStrictJson } from "../../../evaluate/model/strictJson.ts";
import { strictJsonText } from "../../../evaluate/model/strictJsonText.ts";

describe("strictJsonText", () => {
  it("keeps floats floats, integers integers beyond 2^53, and keys in their order", () => {
    const text =
      '{"10": 30.0, "b": [1, 2.5, -0.0, 1e-05, 1e25], "a": 18446744073709551615, "e": {}, "f": [], "g": null}';
    assert.equal(
      strictJsonText(parseStrictJson(text)),
      `{
  "10": 30.0,
  "b": [
    1,
    2.5,
    -0.0,
    0.00001,
    1e+25
  ],
  "a": 18446744073709551615,
  "e": {},
  "f": [],
  "g": null
}`,
    );
  });

  it("gives text that reads back as the same value, whatever the keys and strings", () => {
    const value = parseStrictJson('{"__proto__": {"\\"\\n": ["\\u00e9\\ud83d\\ude00", true, false, 1.0]}, "": ""}');
    assert.deepEqual(parseStrictJson(strictJsonText(value)), value);
  });
});
