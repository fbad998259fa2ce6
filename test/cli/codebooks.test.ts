import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { splitList } from "../../cli/splitList.ts";
import { formatTable } from "../../formats/sheets/index.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

describe("splitList", () => {
  it("splits at commas outside brackets and parentheses", () => {
    assert.deepEqual(splitList("sf4,[-1,0,1]@g64, max(i,2),"), ["sf4", "[-1,0,1]@g64", "max(i,2)"]);
    assert.deepEqual(splitList("[1,2"), ["[1,2"]);
    assert.deepEqual(splitList("1],2"), ["1]", "2"]);
  });
});

describe("bitfrontier with codebooks of one's own", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-codebooks-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, content: unknown) => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };

  it("prints the sheet and the area of a list and of a formula", async () => {
    const sheet = JSON.parse((await cli("formats", "[-1,-0.5,0,0.5,1]@g64", "--json")).out);
    assert.deepEqual([sheet.bits, sheet.bitsPerWeight], [3, 3.25]);
    assert.match((await cli("formats", "sign(i)*(4^(abs(i)/8)-1)/3")).out, /-0\.787861887 +-0\.609475708/);
    const [own, int3] = JSON.parse((await cli("area", "[-3,-2,-1,0,1,2,3]", "e2m0", "--json")).out);
    assert.equal(own.weight, "[-3,-2,-1,0,1,2,3]");
    assert.ok(own.areaGe > 0 && int3.areaGe > 0);
  });

  it("reads a codebook from a file and names it by its id or the file's name", async () => {
    const path = file("My Own.json", { values: [-2, -1, 0, 4], label: "mine" });
    const { code, out, err } = await cli("formats", "my_own@g32", "--codebook", path);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^my_own~[0-9a-f]{16}@g32 {2}mine\n/);
    const list = file("list.json", "[-2, -1, 0, 8]");
    assert.equal((await cli("formats", "list", "--codebook", list)).code, 0);
  });

  it("sweeps a list, a formula and a file beside a named format", async () => {
    const model = writeTinyModel(join(folder, "model"));
    const text = join(folder, "text.txt");
    writeFileSync(text, tinyText(800));
    const path = file("third.json", { id: "third", values: [-1, 0, 0.25, 1] });
    const words = ["--models", model, "--tasks", `perplexity:${text}`, "--context", "16", "--groups", "8,16"];
    const formats = "int2,[-1,-0.5,0,0.5,1],[i^3;i=-2..2]@g16,third@row";
    const out = join(folder, "out");
    const { code, err } = await cli("sweep", ...words, "--formats", formats, "--codebook", path, "--out", out);
    assert.equal(code, 0, err);
    for (const id of ["int2@g8", "int2@g16", "[-1,-0.5,0,0.5,1]@g8", "[-1,-0.5,0,0.5,1]@g16", "[i^3;i=-2..2]@g16"]) {
      assert.ok(err.includes(id), `${id} in ${err}`);
    }
    assert.match(err, /third~[0-9a-f]{16}@row/);
  });

  it("names the file that is no codebook", async () => {
    const wrong: [content: unknown, message: RegExp][] = [
      ["{", /bad\.json: not valid JSON/],
      [{ values: [1, 1] }, /bad\.json: entries 0 and 1 are both 1/],
      [{ values: [1, 2], id: "nf4" }, /bad\.json: nf4 names another element already/],
      [`{"values": [${"1,".repeat(1e6)}2]}`, /bad\.json: 2000015 bytes; a codebook file has at most 65536/],
      [`${"[".repeat(60_000)}`, /bad\.json: not valid JSON/],
      [`${"[".repeat(30_000)}${"]".repeat(30_000)}`, /bad\.json: not valid JSON/],
      ["[[1], 2]", /bad\.json: entry 0 is a list/],
      ['{"values": [1, 2], "values": [3, 4]}', /bad\.json: not valid JSON: duplicate/],
      ['{"__proto__": {"id": "x"}, "values": [1, 2]}', /bad\.json: unknown field "__proto__"/],
      ["3", /bad\.json: expected an object/],
    ];
    for (const [content, message] of wrong) {
      const { code, out, err } = await cli("formats", "bad", "--codebook", file("bad.json", content));
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, message);
      assert.ok(err.length < 400, err.slice(0, 400));
    }
    assert.match(
      (await cli("formats", "--codebook", join(folder, "none.json"))).err,
      /cannot read .*none\.json: no such/,
    );
  });

  it("prints the tables of the README", async () => {
    assert.equal((await cli("formats", "--markdown")).out, formatTable());
  });
});
