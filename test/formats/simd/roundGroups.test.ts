import assert from "node:assert/strict";
import { makeBook } from "../../../formats/book.ts";
import { type Element, getElement, listElements, makeFormat, quantizerOf } from "../../../formats/index.ts";
import { roundGroups } from "../../../formats/simd/roundGroups.ts";
import { normals, uniforms } from "../../random.ts";

const COUNT = 1 << 15;

/** Rounds with the program, and one number at a time by the definition. */
function compare(element: Element, values: Float32Array, size: number) {
  const format = makeFormat({ element, group: size, rule: "absmax", store: "fp32" });
  const { fitScale, round } = quantizerOf(format);
  const out = new Float32Array(values.length);
  const scales: number[] = [];
  const fit = (min: number, max: number, index: number) => {
    const scale = fitScale([min, max]);
    scales[index] = scale;
    return scale;
  };
  const result = roundGroups(makeBook(element, format.tie), values, out, size, fit);
  const exact = values.map((value, i) => round(value, scales[Math.floor(i / size)] ?? 0));
  return { result, out, exact };
}

function assertSameBits(out: Float32Array, exact: Float32Array, what: string): void {
  const [a, b] = [new Uint32Array(out.buffer), new Uint32Array(exact.buffer)];
  const first = a.findIndex((bits, i) => bits !== b[i]);
  assert.equal(first, -1, `${what}: ${out[first]} at ${first}, expected ${exact[first]}`);
}

describe("roundGroups", () => {
  it("equals the exact rounding bit for bit for every element of up to 16 levels and every group size", () => {
    const normal = normals(1);
    const values = Float32Array.from({ length: COUNT }, normal);
    let elements = 0;
    for (const element of listElements()) {
      if (element.values.length > 16) continue;
      elements++;
      for (const size of [16, 128, 2048, COUNT]) {
        const { result, out, exact } = compare(element, values, size);
        assertSameBits(out, exact, `${element.id} ${size}`);
        assert.equal(result!.groups, COUNT / size);
        const error = values.reduce((sum, value, i) => sum + (exact[i]! - value) ** 2, 0);
        assert.ok(Math.abs(result!.sumSquaredError / error - 1) < 1e-11, element.id);
        const squares = values.reduce((sum, value) => sum + value * value, 0);
        assert.ok(Math.abs(result!.sumSquares / squares - 1) < 1e-11, element.id);
      }
    }
    assert.ok(elements >= 45, `${elements}`);
  });

  it("equals it on ties, their neighbours, both zeros, subnormals and numbers of all magnitudes", () => {
    const uniform = uniforms(2);
    for (const id of ["nf4", "e2m1", "e2m1+sr", "int4", "e3m0", "iq4_nl", "[-3,-0.001,0.001,1;tie=up]"]) {
      const element = getElement(id);
      const { levels, high, low } = makeBook(element, element.tie);
      const reach = Math.max(high, low);
      const special = [...levels.slice(1)].flatMap((level, i) => {
        const tie = Math.fround((level + levels[i]!) / 2);
        return [tie, tie * (1 + 2 ** -23), tie * (1 - 2 ** -23), level];
      });
      special.push(0, -0, 2 ** -149, -(2 ** -149), 2 ** -130);
      const values = Float32Array.from({ length: COUNT }, (_, i) => {
        if (i % 64 === 0) return reach; // so that the scale is 1, or near it
        const pick = uniform();
        return pick < 0.8
          ? special[Math.floor((pick / 0.8) * special.length)]!
          : (uniform() - 0.5) * 2 ** (60 * uniform() - 50);
      }).map((value) => Math.max(-reach, Math.min(reach, value)));
      const { result, out, exact } = compare(element, values, 64);
      assert.ok(result !== null);
      assertSameBits(out, exact, id);
    }
  });

  it("equals it from the smallest to the largest scales", () => {
    const normal = normals(3);
    for (const magnitude of [2 ** -148, 2 ** -126, 1e-20, 1e20, 1e37]) {
      const values = Float32Array.from({ length: COUNT }, () => normal() * magnitude);
      for (const id of ["nf4", "int4"]) {
        const { out, exact } = compare(getElement(id), values, 32);
        assertSameBits(out, exact, `${id} × ${magnitude}`);
      }
    }
  });

  it("keeps groups of zeros zero, with no −0, also in books without a zero; works in place", () => {
    const values = Float32Array.from({ length: COUNT }, (_, i) => (i < 256 ? (i % 2 === 0 ? 0 : -0) : i % 7));
    const book = makeBook(getElement("iq4_nl"), "down");
    let calls = 0;
    const scale = (_min: number, max: number) => {
      calls++;
      return max / 113;
    };
    const result = roundGroups(book, values, values, 128, scale);
    assert.equal(result!.zeroGroups, 2);
    assert.equal(calls, COUNT / 128 - 2);
    assert.ok(values.subarray(0, 256).every((value) => Object.is(value, 0)));
    assert.ok(values.subarray(256).every((value) => value !== 0));
  });

  it("leaves to the caller what it cannot do", () => {
    const values = Float32Array.from({ length: COUNT }, normals(4));
    const attempt = (id: string, size: number, data = values) =>
      roundGroups(makeBook(getElement(id), "down"), data, new Float32Array(data.length), size, (_, max) => max);
    assert.notEqual(attempt("nf4", 128), null);
    assert.equal(attempt("int5", 128), null);
    assert.equal(attempt("nf4", 24), null);
    assert.equal(attempt("nf4", 3 * 16), null); // does not divide the matrix
    assert.equal(attempt("nf4", 2 * COUNT, new Float32Array(2 * COUNT)), null);
    assert.equal(attempt("nf4", 128, values.slice(0, 1024)), null);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const broken = values.slice();
      broken[20_001] = bad;
      assert.equal(attempt("nf4", 128, broken), null, `${bad}`);
    }
  });

  it("leaves all to the caller without WebAssembly, or where it is forbidden", async () => {
    const values = Float32Array.from({ length: COUNT }, normals(5));
    const book = makeBook(getElement("nf4"), "down");
    // The program is kept once it is compiled: take a module that has not done so.
    const url = new URL("../../../formats/simd/roundGroups.js?fresh", import.meta.url).href;
    const fresh = (await import(url)) as { roundGroups: typeof roundGroups };
    const attempt = () => fresh.roundGroups(book, values, new Float32Array(COUNT), 64, (_, max) => max);
    const api = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly")!;
    const forbidden = {
      Module: class {
        constructor() {
          throw new Error("refused to compile: unsafe-eval");
        }
      },
    };
    for (const value of [undefined, forbidden]) {
      Object.defineProperty(globalThis, "WebAssembly", { ...api, value });
      try {
        assert.equal(attempt(), null);
      } finally {
        Object.defineProperty(globalThis, "WebAssembly", api);
      }
    }
    assert.equal(attempt()!.groups, COUNT / 64);
  });

  it("gives what scaleOf throws to the caller", () => {
    const values = new Float32Array(COUNT).fill(1);
    const fails = () => {
      throw new Error("too large");
    };
    const book = makeBook(getElement("nf4"), "down");
    assert.throws(() => roundGroups(book, values, values.slice(), 128, fails), /too large/);
  });
});
