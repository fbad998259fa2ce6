import assert from "node:assert/strict";
import { cleanText } from "../../models/text.ts";

describe("models/text", () => {
  it("cleanText joins hard-wrapped paragraphs and keeps verse", () => {
    const wrapped = [
      "Call me Ishmael. Some years ago, never mind how long precisely,",
      "having little or no money in my purse, I thought I would sail",
      "about a little.",
    ];
    const verse = ["The ribs and terrors in the whale,", "Arched over me a dismal gloom,"];
    assert.equal(
      cleanText(`${wrapped.join("\r\n")}\r\n\r\n${verse.join("\r\n")}`),
      `${wrapped.join(" ")}\n\n${verse.join("\n")}`,
    );
  });

  it("cleanText straightens quotes and hyphens, keeps dashes, composes accents", () => {
    assert.equal(
      cleanText("\uFEFF\u201Cdon\u2019t\u201D\u2014half\u2011way, cafe\u0301\u00A0x"),
      '"don\'t"\u2014half-way, caf\u00E9 x',
    );
  });

  it("cleanText leaves one blank line between paragraphs and no space at line ends", () => {
    assert.equal(cleanText("  one  \n \n\t\n\n two   words \n"), "one\n\ntwo words");
    assert.equal(cleanText(" \n\n "), "");
  });

  it("cleanText is idempotent", () => {
    const once = cleanText("A  line\r\nanother\r\n\r\n\r\n\u2018q\u2019 \n");
    assert.equal(cleanText(once), once);
  });
});
