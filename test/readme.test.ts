import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../evaluate/model/index.ts";
import "../fitting/everyId.ts";
import { formatTable } from "../formats/sheets/index.ts";

const path = join(packageRoot(), "README.md");

describe("README.md", () => {
  it("has the table of formats of `bitfrontier formats --markdown` (UPDATE_README=1 npm test writes it)", function () {
    const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
    const section = /(?<=<!-- formats:begin -->\n)[\s\S]*?(?=<!-- formats:end -->)/.exec(text);
    if (section === null) return this.skip();
    const wanted = `\n${formatTable()}\n`;
    if (process.env.UPDATE_README === "1") {
      writeFileSync(path, text.slice(0, section.index) + wanted + text.slice(section.index + section[0].length));
    } else if (section[0].trim() === "") {
      this.skip(); // not written yet
    } else {
      assert.equal(section[0], wanted);
    }
  });
});
