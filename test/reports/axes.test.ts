import assert from "node:assert/strict";
import type { Row } from "../../evaluate/trial/row.ts";
import { UserError } from "../../formats/error.ts";
import { checkMetric, costAxis, metricAxis, metricIds } from "../../reports/axes.ts";
import { combineModels } from "../../reports/combine.ts";
import { frontier } from "../../reports/frontier.ts";
import { composeReport } from "../../reports/report.ts";
import { provenance } from "../../reports/summary.ts";
import { views } from "../../reports/views.ts";
import { makeInput, makeRow, makeRows } from "./fixture.ts";

/** A row of a task with 0 or 1 an example. */
function answered(key: string, bitsPerWeight: number, examples: number[]): Row {
  const value = examples.reduce((sum, each) => sum + each, 0) / examples.length;
  return makeRow({
    key,
    format: key,
    element: key,
    bitsPerWeight,
    perplexity: null,
    deltaLoss: null,
    windowLoss: [],
    metrics: { acc: { value, sigma: 0.1, examples } },
  });
}

describe("costAxis", () => {
  const cost = makeRows()[1]!.cost!;

  it("costAxis(chipOverhead) is 10 % of the MAC's and 60 % of the memory's growth over INT4 of the same source, percent", () => {
    const int4 = makeRow({ key: "int4", cost: { ...cost, areaGe: 200 }, bitsPerWeight: 4 });
    const dear = makeRow({ key: "x", element: "x", cost: { ...cost, areaGe: 300 }, bitsPerWeight: 5 });
    const other = makeRow({ key: "y", element: "y", cost: { ...cost, source: "another" } });
    const axis = costAxis("chipOverhead", [int4, dear, other]);
    assert.equal(axis.value(int4), 0);
    // 10 % × ½ + 60 % × ¼
    assert.ok(Math.abs(axis.value(dear)! - 20) < 1e-12);
    // 4 % of the area's 15 points
    assert.ok(Math.abs(axis.sigma(dear)! - 0.6) < 1e-12);
    assert.deepEqual([axis.value(other), axis.basis(other)], [null, null]);
    assert.equal(costAxis("chipOverhead", [dear]).value(dear), null);
  });

  it("costAxis(areaGe) keeps int8 among rows whose activations are int8, but parts other operands", () => {
    const row = (weight: string, activation: string) => makeRow({ key: weight, cost: { ...cost, weight, activation } });
    const axis = costAxis("areaGe", [row("int4", "int8"), row("int8", "int8")]);
    assert.equal(axis.basis(row("int4", "int8")), axis.basis(row("int8", "int8")));
    assert.notEqual(axis.basis(row("int4", "int8")), axis.basis(row("int4", "int4")));
    const own = costAxis("areaGe", [row("int4", "int4"), row("int8", "int8")]);
    assert.equal(own.basis(row("int4", "int4")), own.basis(row("int8", "int8")));
  });
});

describe("costAxis(modelBitsPerWeight)", () => {
  it("counts the whole model, and has no place for rows that do not say", () => {
    const rows = [6.069, 6.678].map((modelBitsPerWeight, i) =>
      makeRow({
        key: `${i}`,
        format: `int${4 + i}@g32`,
        element: `int${4 + i}`,
        loss: 0.04 / (i + 1),
        modelBitsPerWeight,
      }),
    );
    const found = frontier([...rows, makeRow({ key: "old", loss: 0.3 })], { x: "modelBitsPerWeight", y: "deltaLoss" });
    assert.deepEqual(
      found.points.map(({ x }) => x),
      [6.069, 6.678],
    );
    assert.deepEqual(
      found.excluded.map(({ reason }) => reason),
      ["no bits of the model"],
    );
    const [view] = views(rows, [], { costs: ["modelBitsPerWeight"] });
    assert.doesNotMatch(provenance(view!), /MAC/);
    const other = rows.map((row) => ({
      ...row,
      key: `${row.key} b`,
      model: "b",
      modelSha256: "b",
      modelBitsPerWeight: 8,
    }));
    const [mean] = combineModels([...rows, ...other]);
    assert.equal(mean!.modelBitsPerWeight, (6.069 + 8) / 2);
  });
});

describe("metricAxis", () => {
  it("metricAxis(id) knows that more accuracy is better, and less of a divergence", () => {
    const better = (id: string) => metricAxis(id).better;
    assert.deepEqual(["acc", "acc_norm", "same_top"].map(better), ["high", "high", "high"]);
    assert.deepEqual(["kl", "kl_p999", "ppl_token", "perplexity", "deltaLoss"].map(better), Array(5).fill("low"));
    assert.equal(metricAxis("constructor").value(makeRow()), null);
  });

  it("checkMetric(id, rows) lists what there is", () => {
    const rows = [answered("a", 4, [0, 1])];
    assert.deepEqual(metricIds(rows), ["acc"]);
    assert.throws(
      () => checkMetric("kl", rows),
      (error) => error instanceof UserError && /metric "kl": no row has it; there are acc/.test(error.message),
    );
    assert.throws(() => composeReport(makeInput(), { costs: ["energyFj"] }), /cost "energyFj": no row has it/);
  });

  it("frontier(rows, {y: acc}) prefers more, paired over examples", () => {
    const rows = [
      answered("poor", 3, [0, 0, 0, 0, 1, 1, 1, 1]),
      answered("rich", 4, [1, 1, 1, 1, 1, 1, 1, 1]),
      answered("tie", 5, [0, 1, 1, 1, 1, 1, 1, 1]),
      answered("bad", 5, [0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    const { points } = frontier(rows, { x: "bitsPerWeight", y: "acc" });
    const found = points.map(({ row, status, by }) => [row.key, status, by].filter(Boolean).join(" "));
    assert.deepEqual(found, ["poor frontier", "rich frontier", "tie tie rich", "bad dominated rich"]);
    assert.equal(views(rows)[0]!.frontier.y.id, "acc");
    assert.match(provenance(views(rows)[0]!), /n = 96 examples/);
  });

  it("frontier(rows, {y}) leaves out a figure without an error bar and says so", () => {
    const row = makeRow({ metrics: { kl_p999: { value: 1, sigma: null } } });
    const { points, excluded } = frontier([row], { x: "bitsPerWeight", y: "kl_p999" });
    assert.equal(points.length, 0);
    assert.match(excluded[0]!.reason, /no error bar/);
  });
});

describe("composeReport(input, {costs, metric})", () => {
  it("draws the costs and the metric that are asked for", () => {
    const report = composeReport(makeInput(), { costs: ["areaUm2", "chipOverhead"], metric: "perplexity" });
    const drawn = report.views.map(({ frontier: { x, y }, group }) => [x.id, y.id, group]);
    assert.deepEqual(drawn.at(-1), ["chipOverhead", "perplexity", null]);
    assert.deepEqual(drawn[0], ["areaUm2", "perplexity", 128]);
    assert.match(report.sections[0]!.heading, /^Perplexity against area: reference, g128/);
    assert.match(report.sections[0]!.figure!.caption, /standard error of the perplexity \(unpaired\)/);
  });
});
