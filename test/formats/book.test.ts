import assert from "node:assert/strict";
import { makeBook, nearestRank } from "../../formats/book.ts";
import { element, type TieRule } from "../../formats/element.ts";
import { floatOfKey, keyOf } from "../../formats/floatKeys.ts";
import { getElement, listElements, makeFormat, quantizerOf } from "../../formats/index.ts";
import { kernelOf, roundRun } from "../../formats/kernel.ts";
import { uniforms } from "../random.ts";

const ties: TieRule[] = ["even", "down", "up", "away", "zero"];
const elements = [
  ...listElements(),
  ...["sf8_0.5", "sf8_1.3", "nf7", "sf7-nz", "e1m6", "e5m0", "e2m5"].map(getElement),
];

/** Nearest by walking the levels with exact comparisons of 2y and a + b: no keys, no tables. */
function bruteForce(levels: Float32Array, codes: ArrayLike<number>, tie: TieRule, y: number): number {
  let rank = 0;
  for (let next = 1; next < levels.length; next++) {
    const [a, b] = [levels[rank]!, levels[next]!];
    if (2 * y < a + b || (2 * y === a + b && !tieUp(a, b, codes[rank]!, codes[next]!, tie))) break;
    rank = next;
  }
  return rank;
}

function tieUp(a: number, b: number, codeA: number, codeB: number, tie: TieRule): boolean {
  if (tie === "up" || tie === "down") return tie === "up";
  if (tie === "even" && (codeA + codeB) % 2 === 1) return codeB % 2 === 0;
  if (Math.abs(a) === Math.abs(b)) return true;
  return Math.abs(a) < Math.abs(b) === (tie === "away");
}

/** Levels, midpoints and their float32 neighbours, a dense sweep beyond both ends, tiny and huge numbers. */
function inputs(levels: Float32Array): Float32Array {
  const points = [0, -0, 1e-45, -1e-45, 1e-38, -1e-38, 3e38, -3e38];
  for (const [i, level] of levels.entries()) {
    points.push(level);
    if (i > 0) points.push((level + levels[i - 1]!) / 2);
  }
  const around = points.flatMap((point) => [-2, -1, 0, 1, 2].map((step) => floatOfKey(keyOf(point) + step)));
  const low = levels[0]! * 1.3;
  const width = levels.at(-1)! * 1.3 - low;
  const random = uniforms(7);
  const sweep = Array.from({ length: 1500 }, (_, i) => low + (width * (i + random())) / 1500);
  return Float32Array.from([...around.filter(Number.isFinite), ...sweep]);
}

describe("nearest level", () => {
  it("binary search and the table kernel equal brute force for every element and tie rule, ties and neighbours included", () => {
    let ofTies = 0;
    for (const element of elements) {
      for (const tie of ties) {
        const kernel = kernelOf(makeFormat({ element, tie }));
        const { levels, codeOfRank } = kernel.book;
        const x = inputs(levels);
        const out = new Float32Array(x.length);
        roundRun(kernel, x, out, 0, x.length, 1);
        for (let i = 0; i < x.length; i++) {
          const expected = bruteForce(levels, codeOfRank, tie, x[i]!);
          if (nearestRank(kernel.book, x[i]!) !== expected || out[i] !== levels[expected]) {
            assert.fail(`${element.id} ${tie}: ${x[i]} → ${out[i]}, expected ${levels[expected]}`);
          }
          const next = levels[expected + 1];
          if (next !== undefined && 2 * x[i]! === levels[expected]! + next) ofTies++;
        }
      }
    }
    assert.ok(ofTies > 1000, `only ${ofTies} exact ties met`);
  });

  it("a book with levels closer than the table resolves has none", () => {
    const codes = [-1, 1, 1 + 2 ** -20, 1 + 2 ** -19];
    const dense = element({ id: "dense", family: "table", bits: 2, codes, tie: "down" });
    const kernel = kernelOf(makeFormat({ element: dense }));
    assert.equal(kernel.table, null);
    const x = inputs(kernel.book.levels);
    const out = new Float32Array(x.length);
    roundRun(kernel, x, out, 0, x.length, 1);
    for (const [i, y] of x.entries()) {
      assert.equal(out[i], kernel.book.levels[bruteForce(kernel.book.levels, kernel.book.codeOfRank, "down", y)]);
    }
  });

  it("searching in place of the table gives the same result and error sum", () => {
    const element = getElement("int8");
    const kernel = kernelOf(makeFormat({ element }));
    const x = inputs(kernel.book.levels);
    const [fast, slow] = [new Float32Array(x.length), new Float32Array(x.length)];
    const errors = [
      roundRun(kernel, x, fast, 0, x.length, -0.37),
      roundRun({ ...kernel, table: null }, x, slow, 0, x.length, -0.37),
    ];
    assert.notEqual(kernel.table, null);
    assert.deepEqual(fast, slow);
    assert.equal(errors[0], errors[1]);
  });

  it("encode(decode(code)) is the canonical code: the smallest with that value", () => {
    for (const element of elements) {
      const quantizer = quantizerOf(makeFormat({ element, rule: "absmax" }));
      for (const scale of [1, -1, 0.25, 3]) {
        for (const [code, value] of element.codes.entries()) {
          if (value === null) {
            assert.throws(() => quantizer.decode(code, scale), { name: "UserError", message: /means nothing/ });
            continue;
          }
          const canonical = element.codes.findIndex((other) => other !== null && other === value);
          assert.equal(quantizer.encode(quantizer.decode(code, scale), scale), canonical, `${element.id} ${code}`);
        }
      }
    }
  });

  it("rounding is monotone and never moves a level", () => {
    for (const element of elements) {
      const quantizer = quantizerOf(makeFormat({ element, rule: "absmax" }));
      const x = inputs(quantizer.levels).sort();
      const rounded = x.map((value) => quantizer.round(value, 1));
      for (let i = 1; i < x.length; i++) assert.ok(rounded[i]! >= rounded[i - 1]!, `${element.id} at ${x[i]}`);
      assert.deepEqual(
        quantizer.levels.map((level) => quantizer.round(level, 1)),
        quantizer.levels,
      );
    }
  });

  it("E2M1 rounds ties as OCP (even), as llm-datatypes (down) and as the other rules say", () => {
    const x = [6, 5, -5, 2.5, -2.5, 0.25, -0.25, 0.75, 1.75, 3.5];
    const rounded = (tie: TieRule) => {
      const { levels } = makeBook(getElement("e2m1"), tie);
      return x.map((value) => levels[nearestRank(makeBook(getElement("e2m1"), tie), value)]);
    };
    assert.deepEqual(rounded("even"), [6, 4, -4, 2, -2, 0, 0, 1, 2, 4]);
    assert.deepEqual(rounded("down"), [6, 4, -6, 2, -3, 0, -0.5, 0.5, 1.5, 3]);
    assert.deepEqual(rounded("up"), [6, 6, -4, 3, -2, 0.5, 0, 1, 2, 4]);
    assert.deepEqual(rounded("away"), [6, 6, -6, 3, -3, 0.5, -0.5, 1, 2, 4]);
    assert.deepEqual(rounded("zero"), [6, 4, -4, 2, -2, 0, 0, 0.5, 1.5, 3]);
  });

  it("integers round half to even", () => {
    const { round } = quantizerOf(makeFormat({ element: getElement("int4") }));
    assert.deepEqual(
      [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 6.5, 7.5, -7.5].map((x) => round(x, 1)),
      [0, 2, 2, 0, -2, -2, 6, 7, -7],
    );
  });

  it("bitsandbytes FP4 keeps its published thresholds, ties to the smaller magnitude", () => {
    const { round } = quantizerOf(makeFormat({ element: getElement("e2m1-b") }));
    const thresholds = [0.0859375, 0.20833333333333334, 0.2916666666666667, 0.4166666666666667, 0.5833333333333334];
    const below = [0.0625, 2, 3, 4, 6];
    const above = [2, 3, 4, 6, 8];
    for (const [i, threshold] of thresholds.entries()) {
      assert.equal(round(threshold * 12, 1), below[i]);
      assert.equal(round(-threshold * 12, 1), -below[i]!);
      assert.equal(round(threshold * 12 * (1 + 1e-6), 1), above[i]);
    }
  });
});

describe("float keys", () => {
  it("order float32 numbers as integers and come back", () => {
    const ordered = [-3e38, -1, -1e-45, -0, 0, 1e-45, 1, 3e38].map(Math.fround);
    const keys = ordered.map(keyOf);
    assert.deepEqual(
      keys,
      [...keys].sort((a, b) => a - b),
    );
    assert.deepEqual(keys.map(floatOfKey), ordered);
    assert.deepEqual([keyOf(0), keyOf(-0)], [0, -1]);
  });
});
