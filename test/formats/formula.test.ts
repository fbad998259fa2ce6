import assert from "node:assert/strict";
import { compileFormula } from "../../formats/own/index.ts";

describe("compileFormula", () => {
  it("follows the usual precedence: signs, powers to the right, products, sums", () => {
    const values: [formula: string, i: number, value: number][] = [
      ["1+2*3", 0, 7],
      ["(1+2)*3", 0, 9],
      ["-2^2", 0, -4],
      ["2^-1", 0, 0.5],
      ["2^3^2", 0, 512],
      ["7-2-1", 0, 4],
      ["16/4/2", 0, 2],
      ["-7%4", 0, -3],
      ["--i", 3, 3],
      [" I * 1.5E1 ", 2, 30],
      [".5e-1*i", 10, 0.5],
      ["min(i, 3) + max(i, 3)", 5, 8],
      ["floor(log2(abs(i)))*sign(i)", -9, -3],
      ["pi", 0, Math.PI],
      ["e^i", 1, Math.E],
    ];
    for (const [formula, i, value] of values) assert.equal(compileFormula(formula)(i), value, formula);
  });

  it("knows the quantiles of the normal and of Student's t", () => {
    // scipy.stats.norm.ppf(.975), t.ppf(.975, 5)
    assert.ok(Math.abs(compileFormula("normal(i/1000)")(975) - 1.959963984540054) < 1e-12);
    assert.ok(Math.abs(compileFormula("student(i/1000, 5)")(975) - 2.5705818356363146) < 1e-12);
    assert.throws(() => compileFormula("normal(i)")(2), { name: "UserError", message: /probability 2/ });
  });

  it("says where a text stops being a formula", () => {
    const wrong: [formula: string, message: RegExp][] = [
      ["", /expected a number, i or a function at its end/],
      ["1+", /at its end/],
      ["(1+i", /expected "\)" at its end/],
      ["1 2", /expected an operator at "2" \(character 3\)/],
      ["2i", /expected an operator at "i" \(character 2\)/],
      ["i)", /expected an operator at "\)" \(character 2\)/],
      ["abs i", /expected "\(" at "i" \(character 5\)/],
      ["abs(i, 2)", /abs takes 1 numbers/],
      ["min(i)", /min takes 2 numbers/],
      ["j*2", /expected a number, i, pi, e or one of abs .* at "j" \(character 1\)/],
      ["i = 3", /"=" \(character 3\) means nothing here/],
      ["`i`", /means nothing/],
    ];
    for (const [formula, message] of wrong) {
      assert.throws(() => compileFormula(formula), { name: "UserError", message }, formula);
    }
  });

  it("runs nothing of JavaScript, and ends on hostile texts", () => {
    for (const formula of [
      "process.exit(1)",
      "constructor(i)",
      "__proto__",
      "toString(i)",
      "i;i",
      "globalThis",
      "i=>i",
    ]) {
      assert.throws(() => compileFormula(formula), { name: "UserError" }, formula);
    }
    assert.throws(() => compileFormula("(".repeat(1e6)), { name: "UserError", message: /1000000 characters/ });
    assert.throws(() => compileFormula(`${"(".repeat(200)}i${")".repeat(200)}`), {
      name: "UserError",
      message: /deeper/,
    });
    assert.throws(() => compileFormula("-".repeat(400)), { name: "UserError", message: /deeper/ });
    assert.throws(() => compileFormula(`${"2^".repeat(200)}2`), { name: "UserError", message: /deeper/ });
    assert.equal(compileFormula(`${"1+".repeat(240)}i`)(0), 240);
  });
});
