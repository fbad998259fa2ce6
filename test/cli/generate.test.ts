import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shortOfMemory } from "../shortOfMemory.ts";
import { cli } from "./io.ts";
import { writeTinyModel } from "./tinyModel.ts";

let folder: string;
let model: string;
const at = (name: string) => join(folder, name);

before(() => {
  folder = mkdtempSync(join(tmpdir(), "bitfrontier-generate-"));
  model = writeTinyModel(at("model"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("bitfrontier generate", () => {
  it("writes a text of as many tokens as asked for, the same for the same seed", async () => {
    const words = ["generate", model, "--tokens", "300", "--length", "24", "--json"];
    const runs = [];
    for (const [name, seed] of [
      ["a.txt", "0"],
      ["b.txt", "0"],
      ["c.txt", "1"],
    ] as const) {
      const { code, out, err } = await cli(...words, "--seed", seed, "--out", at(name));
      assert.equal(code, 0, err);
      runs.push({
        ...(JSON.parse(out) as { tokens: number; sequences: number }),
        text: readFileSync(at(name), "utf8"),
      });
    }
    const [a, b, c] = runs;
    assert.ok(a!.tokens >= 300 && a!.tokens < 324);
    assert.equal(a!.text, b!.text);
    assert.notEqual(a!.text, c!.text);
    assert.ok(a!.text.split("\n\n").length >= a!.sequences);
  });

  it("writes the same with fewer sequences side by side where memory does not suffice, and says so", async () => {
    const words = ["generate", model, "--tokens", "300", "--length", "24", "--device", "cpu", "--out"];
    assert.equal((await cli(...words, at("many.txt"))).code, 0);
    const { code, err } = await shortOfMemory(
      (sequences) => sequences <= 10,
      () => cli(...words, at("few.txt")),
    );
    assert.equal(code, 0, err);
    assert.match(err, /^device cpu: /);
    assert.deepEqual(err.match(/^warning: .*$/gm), [
      "warning: generation: out of memory with a batch of 32; went on with 16",
      "warning: generation: out of memory with a batch of 16; went on with 8",
    ]);
    assert.equal(readFileSync(at("few.txt"), "utf8"), readFileSync(at("many.txt"), "utf8"));
  });

  it("continues the lines of a file", async () => {
    writeFileSync(at("prompts.txt"), "once\n\nupon a\n");
    const words = ["--prompts", at("prompts.txt"), "--tokens", "60", "--length", "20", "--out", at("continued.txt")];
    assert.equal((await cli("generate", model, ...words)).code, 0);
    const text = readFileSync(at("continued.txt"), "utf8");
    assert.match(text, /^once/);
    assert.match(text, /\n\nupon a/);
  });

  it("refuses what cannot work in one line, and leaves no file", async () => {
    writeFileSync(at("there.txt"), "");
    writeFileSync(at("long.txt"), "a".repeat(70));
    writeFileSync(at("empty.txt"), "\n");
    for (const [words, message] of [
      [["--out", at("there.txt")], /there.txt: exists; give a new one/],
      [["--out", at("x"), "--length", "65"], /context 65: model has 64 positions/],
      [["--out", at("x"), "--prompts", at("long.txt")], /a prompt of 70 tokens leaves nothing of 64/],
      [["--out", at("x"), "--prompts", at("empty.txt")], /empty.txt: no prompts/],
      [["--out", at("x"), "--temperature=-1"], /--temperature takes a number from 0 to 100, not "-1"/],
      [["--out", at("x"), "--top-p", "2"], /--top-p takes a number from 0 to 1, not "2"/],
    ] as const) {
      const { code, err } = await cli("generate", model, ...words);
      assert.ok(code === 1 || code === 2, `${words}`);
      assert.match(err, message);
      assert.equal(err.trim().split("\n").length, 1);
    }
  });
});
