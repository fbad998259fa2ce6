import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { methodParts } from "../../../evaluate/methods/index.ts";
import { packageRoot } from "../../../evaluate/model/index.ts";
import { recipeById, recipes } from "../../../evaluate/training/index.ts";
import { recipeTable } from "../../../evaluate/training/recipes/table.ts";
import { parseFormat, UserError } from "../../../formats/index.ts";

describe("recipes", () => {
  it("are listed in docs/retraining.md (UPDATE_README=1 npm test writes it)", () => {
    const path = join(packageRoot(), "docs", "retraining.md");
    const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
    const section = /(?<=<!-- recipes:begin -->\n)[\s\S]*?(?=<!-- recipes:end -->)/.exec(text)!;
    const wanted = `\n${recipeTable()}\n`;
    if (process.env.UPDATE_README === "1")
      writeFileSync(path, text.slice(0, section.index) + wanted + text.slice(section.index + section[0].length));
    else assert.equal(section[0], wanted);
  });

  it("have names of their own, also among methods, and formats that exist", () => {
    const names = [...recipes.map(({ id }) => id), ...methodParts.map(({ id }) => id)];
    assert.equal(new Set(names).size, names.length);
    for (const { format } of recipes) parseFormat(format);
  });

  it("of an unknown id name the nearest", () => {
    assert.throws(
      () => recipeById("bitdistill"),
      (e) => e instanceof UserError && /did you mean bitdistiller\?/.test(e.message),
    );
  });
});
