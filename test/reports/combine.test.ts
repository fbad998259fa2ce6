import assert from "node:assert/strict";
import { combineModels } from "../../reports/combine.ts";
import { frontier } from "../../reports/frontier.ts";
import { composeReport } from "../../reports/report.ts";
import { sentence } from "../../reports/summary.ts";
import { views } from "../../reports/views.ts";
import { makeInput, makeRow } from "./fixture.ts";

/** Losses over two windows: ±`wobble` about `loss` on text of difficulty 3. */
const row = (model: string, format: string, loss: number, wobble = 0, perplexity = 20) =>
  makeRow({
    key: `${model}/${format}`,
    model,
    modelSha256: model,
    format,
    element: format,
    deltaLoss: loss,
    deltaLossSigma: 0.03,
    perplexity,
    windowLoss: [3 + loss + wobble, 3 + loss - wobble],
    windows: 2,
    bitsPerWeight: format === "a" ? 4 : 5,
  });

describe("combineModels", () => {
  const rows = [
    row("m", "a", 0.1, 0, 10),
    row("n", "a", 0.3, 0, 40),
    row("m", "b", 0.05, 0.03),
    row("n", "b", 0.1, 0.04),
  ];

  it("combineModels(rows) is one row a trial that all models have: means, and the geometric mean of perplexities", () => {
    const [a, b, ...rest] = combineModels([...rows, row("m", "only", 0.2)]);
    assert.equal(rest.length, 0);
    assert.equal(a!.model, "the mean of 2 models");
    assert.ok(Math.abs(a!.deltaLoss! - 0.2) < 1e-12);
    assert.ok(Math.abs(a!.deltaLossSigma! - 0.03 * Math.SQRT1_2) < 1e-12);
    assert.ok(Math.abs(a!.perplexity! - 20) < 1e-12);
    assert.ok(Math.abs(b!.deltaLoss! - 0.075) < 1e-12);
    assert.deepEqual(combineModels([rows[0]!]), []);
  });

  it("frontier(combined) pairs windows within each model, then averages", () => {
    // b − a: −0.05 ± 0.03 and −0.2 ± 0.04 in the two models; their mean −0.125 ± 0.025, five standard errors.
    const status = (sigmas: number) =>
      frontier(combineModels(rows), { x: "bitsPerWeight", y: "deltaLoss", sigmas }).points[1]!.status;
    assert.equal(status(4.9), "frontier");
    assert.equal(status(5.1), "tie");
  });

  it("a report says which formats are not in the mean", () => {
    const input = { ...makeInput(), rows: [...rows, row("m", "only", 0.2)] };
    assert.ok(
      composeReport(input).notes.includes(
        "Not in the mean of 2 models on perplexity:heldout: only, which not every model has.",
      ),
    );
  });

  it("views(rows) draws the mean over models first, then each model", () => {
    const found = views(rows, [], { costs: ["bitsPerWeight"] });
    assert.deepEqual(
      found.map((view) => view.models ?? view.model),
      [["m", "n"], "m", "n"],
    );
    assert.match(sentence(found[0]!), /on the mean of 2 models/);
    const other = rows.map((each, i) => (i % 2 === 0 ? each : { ...each, protocol: "windows-512" }));
    assert.ok(views(other, [], { costs: ["bitsPerWeight"] }).every((view) => !view.models));
  });
});
