import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dequantize, fakeQuantize, getElement, isElementId, parseFormat, quantize } from "../../formats/index.ts";
import { defineCodebook } from "../../formats/own/index.ts";
import { formatSheet } from "../../formats/sheets/index.ts";

/** A format whose codebook is one list. */
const scalar = (id: string) => {
  const { element, ...format } = parseFormat(id);
  return { ...format, element: element! };
};

describe("a codebook of one's own", () => {
  it("is a list in a format id, which stays its own specification", () => {
    const format = scalar(" [-1, -.5, 0, 0.50, 1]@g64:fp32 ");
    assert.equal(format.id, "[-1,-0.5,0,0.5,1]@g64:fp32");
    assert.deepEqual(scalar(format.id).element, format.element);
    assert.deepEqual(format.element.codes, [-1, -0.5, 0, 0.5, 1, null, null, null]);
    assert.deepEqual([format.element.bits, format.tie, format.rule], [3, "even", "absmax"]);
    assert.ok(isElementId("[-1,1]"));
  });

  it("keeps the order of its values as codes, reserved codes, a second zero, width and ties", () => {
    const { element, id } = scalar("[0,1,-0,-1;tie=down;bits=3]@row");
    assert.deepEqual([id, element.bits, element.tie], ["[0,1,-0,-1;bits=3;tie=down]@row", 3, "down"]);
    assert.deepEqual(element.codes, [0, 1, -0, -1, null, null, null, null]);
    assert.deepEqual(scalar("[1,null,-1,2]").element.codes, [1, null, -1, 2]);
  });

  it("is a formula, with its range or the 4-bit one: EN_25 of llm-datatypes", () => {
    const en25 = getElement("en_25");
    for (const spelling of [
      "sign(i)*(4^(abs(i)/8)-1)/3",
      "[sign(i) * (4^(abs(i)/8) - 1) / 3 for i = -7..8]",
      "[sign(i)*(4^(abs(i)/8)-1)/3;i=-7..8]",
    ]) {
      const { id, element } = scalar(`${spelling}@g32`);
      assert.equal(id, "[sign(i)*(4^(abs(i)/8)-1)/3;i=-7..8]@g32");
      assert.deepEqual(element.values, en25.values);
    }
    assert.deepEqual(scalar("[i^3;i=-1..2]").element.values, [-1, 0, 1, 8]);
  });

  it("quantizes, and has a sheet", () => {
    const weights = Float32Array.from([-2, -0.9, 0.4, 1.1, 0.2, 2, 0, -1.5]);
    const format = parseFormat("[-1,-0.5,0,0.5,1;tie=up]@row:fp32");
    const out = new Float32Array(8);
    fakeQuantize(weights, 1, 8, format, out);
    assert.deepEqual([...out], [-2, -1, 0, 1, 0, 2, 0, -1]);
    assert.deepEqual(dequantize(quantize(weights, 1, 8, format), 1, 8, format), out);
    assert.deepEqual(formatSheet(format.id).thresholds, [-0.75, -0.25, 0.25, 0.75]);
  });

  it("is an object with a name, known by the name and by the hash of its content", () => {
    const element = defineCodebook({
      id: "mine4",
      values: [-3, -1, 0, 2],
      tie: "away",
      label: "mine",
      source: "dreams",
    });
    assert.match(element.id, /^mine4~[0-9a-f]{16}$/);
    assert.equal(parseFormat("MINE4@g64").id, `${element.id}@g64`);
    assert.equal(scalar(`${element.id}@g64`).element, element);
    assert.deepEqual([element.about, element.tie], [{ label: "mine", source: "dreams" }, "away"]);
    assert.equal(defineCodebook({ id: "mine4", values: [-3, -1, 0, 2], tie: "away" }).id, element.id);
    assert.throws(() => defineCodebook({ id: "mine4", values: [-3, -1, 0, 1] }, "b.json"), {
      name: "UserError",
      message: /^codebook mine4: defined already, with other values/,
    });
    assert.throws(() => defineCodebook({ id: "nf4", values: [-1, 1] }, "b.json"), {
      name: "UserError",
      message: "b.json: nf4 names another element already; choose another id",
    });
    assert.throws(() => parseFormat("yours~0123456789abcdef@g64"), { name: "UserError", message: /give its file/ });
  });

  it("is the hash of its content where the specification is long", () => {
    const values = Array.from({ length: 256 }, (_, i) => Math.fround(Math.sin(i) + i / 40));
    const { id, element } = scalar(`[${values}]`);
    assert.match(id, /^book~[0-9a-f]{16}@g128$/);
    assert.equal(scalar(id).element, element);
    assert.equal(defineCodebook({ values }).id, element.id);
    const precise = Array.from({ length: 16 }, (_, i) => Math.sin(i - 7.5));
    assert.equal(parseFormat(`[${precise}]`).id, `[${precise}]@g128`);
  });

  it("refuses lists that are no codebook, naming the entry", () => {
    const wrong: [id: string, message: RegExp][] = [
      ["[1]", /1 values; a codebook has at least two/],
      ["[]", /entry 0 is "", expected a number/],
      ["[1,,2]", /entry 1 is ""/],
      ["[1,2", /expected \] at its end/],
      ["[1,nan]", /entry 1 is "nan", expected a number/],
      ["[1,-inf]", /entry 1 is "-inf", expected a number/],
      ["[1e999,1]", /entry 0 is Infinity, expected a finite number/],
      ["[1e31,1]", /entry 0 is 1e\+31; magnitudes are 0 or 1e-30 to 1e\+30/],
      ["[1e-31,1]", /magnitudes/],
      ["[0,1,0]", /entries 0 and 2 are both 0/],
      ["[0.1,1,0.10000000001]", /entries 0 and 2 are both 0.1 \(0.10000000001\) in float32/],
      ["[0,-0]", /no positive value|fewer than two/],
      ["[-1,-2]", /no positive value/],
      ["[1,2,3;bits=1]", /3 values need 2 bits, not 1/],
      ["[1,2;bits=9]", /bits must be a whole number from 1 to 8/],
      ["[1,2;tie=odd]", /tie must be even, down, up, away or zero/],
      ["[1,2;colour=red]", /"colour=red"; expected i=A..B, bits=N or tie=T/],
      ["[1,2;tie=up;tie=up]", /each once/],
      ["[abs(i)]", /entries 6 and 8 are both 1/],
      ["[log(i)]", /the formula is NaN at i = -7/],
      ["[1/i]", /the formula is Infinity at i = 0/],
      ["[i;i=0..1000000]", /expected a range of 2 to 256 whole numbers/],
      ["[i;i=5..1]", /expected a range/],
      ["[i;i=a..b]", /expected a range/],
      ["[eval(i)]", /expected a number, i, pi, e or one of/],
      [`[${"1,".repeat(1e6)}2]`, /2000003 characters; at most 9000/],
      [`[${"(".repeat(3000)}i]`, /at most 500/],
      [`[${Array.from({ length: 300 }, (_, i) => i)}]`, /300 values; a codebook has at most 256/],
    ];
    for (const [id, message] of wrong) {
      assert.throws(() => parseFormat(id), { name: "UserError", message }, id.slice(0, 40));
      assert.equal(isElementId(id), false);
    }
  });

  it("refuses a list of a million numbers, and an id of a million letters, at once", () => {
    const list = `[${Array.from({ length: 1e6 }, (_, i) => i).join(",")}]`;
    const start = performance.now();
    for (const id of [list, "a".repeat(1e6)]) {
      assert.throws(() => parseFormat(id), {
        name: "UserError",
        message: /^format id of \d+ characters; at most 9000$/,
      });
    }
    assert.ok(performance.now() - start < 500);
  });

  it("refuses hostile objects", () => {
    const wrong: [data: unknown, message: RegExp][] = [
      [null, /expected an object/],
      [[1, 2], /expected an object/],
      ["[1,2]", /expected an object/],
      [{}, /expected one of values, codes and formula, got none/],
      [{ values: [1, 2], formula: "i" }, /got values and formula/],
      [{ values: [1, 2], i: "0..3" }, /i is the range of a formula/],
      [{ values: "1,2" }, /values must be a list of numbers/],
      [{ values: [1, "2"] }, /entry 1 is "2", expected a finite number/],
      [{ values: [1, Number.NaN] }, /entry 1 is NaN/],
      [{ values: [1, [[[]]]] }, /entry 1 is a list/],
      [{ values: [1, { valueOf: 2 }] }, /entry 1 is an object/],
      [{ values: new Array(1e6).fill(1) }, /1000000 values/],
      [{ codes: [1, 2, 3] }, /3 codes; 2 bits have 4/],
      [{ codes: [1, 2, 3, null], bits: 3 }, /4 codes; 3 bits have 8/],
      [{ values: [1, 2], id: "a@b" }, /id must be a name/],
      [{ values: [1, 2], id: "a".repeat(100) }, /id must be a name/],
      [{ values: [1, 2], label: "x".repeat(1e6) }, /label must be a text/],
      [{ values: [1, 2], level: 2 }, /unknown field "level"; known: id, bits/],
      [JSON.parse('{"__proto__": {"values": [1, 2]}}'), /unknown field "__proto__"/],
      [JSON.parse('{"values": [1, 2], "constructor": 1}'), /unknown field "constructor"/],
      [JSON.parse(`{"values": ${"[".repeat(9000)}${"]".repeat(9000)}}`), /entry 0 is a list/],
    ];
    for (const [data, message] of wrong)
      assert.throws(() => defineCodebook(data, "x.json"), { name: "UserError", message });
    assert.equal(({} as { values?: unknown }).values, undefined);
  });
});

describe("a list for a format, in a process of its own", () => {
  const run = (program: string) => {
    const words = ["--input-type=module", "--eval", program];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    return stdout + stderr;
  };
  const at = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

  it("is understood with bitfrontier/formats/own, and where a model of hardware takes ids; without it, named as the remedy", () => {
    const parse = `import { parseFormat } from ${at("formats/index.js")}; console.log(parseFormat("[-1,0,1]@g64").id);`;
    assert.match(run(parse), /UserError: codebooks of your own need `import "bitfrontier\/formats\/own"`/);
    assert.equal(run(`import ${at("formats/own/index.js")}; ${parse}`), "[-1,0,1]@g64\n");
    const area = `import { macCostById } from ${at("hwmodel/index.js")}; console.log(macCostById("[-1,0,1]").areaGe > 0);`;
    assert.equal(run(area), "true\n");
  });
});
