import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "../../evaluate/trial/row.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

/** A folder for the calling file's tests, with a tiny model, a text and one to calibrate on; `rows` are those of `eval --json`. */
export function tinyEval() {
  let folder = "";
  const at = (...names: string[]) => join(folder, ...names);
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-eval-"));
    writeTinyModel(at("model"));
    writeFileSync(at("text.txt"), tinyText(600));
    writeFileSync(at("calibration.txt"), tinyText(4000).slice(700));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  async function rows(...words: string[]): Promise<Row[]> {
    const task = ["--task", `perplexity:${at("text.txt")}`, "--context", "32", "--json"];
    const { code, out, err } = await cli("eval", at("model"), ...task, ...words);
    assert.equal(code, 0, err);
    return JSON.parse(out) as Row[];
  }
  return { at, rows };
}
