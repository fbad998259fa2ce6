import assert from "node:assert/strict";
import { publishedPoints } from "../../reports/published.ts";
import { composeReport } from "../../reports/report.ts";
import { renderSvg } from "../../reports/svg.ts";
import { makeInput, makeRow } from "./fixture.ts";

describe("published points", () => {
  it("publishedPoints(network, cost, metric) reads the paper: Table 10 against Table 3", () => {
    const { points } = publishedPoints("LLaMA2-7B", "areaUm2", "perplexity")!;
    assert.deepEqual(
      points.find((point) => point.format === "e2m1+sp"),
      { format: "e2m1+sp", x: 218, y: 9.13 },
    );
    assert.equal(points.length, 9);
    const loss = publishedPoints("LLaMA2-7B", "chipOverhead", "deltaLoss")!.points;
    // ln(9.33/8.79)
    assert.ok(Math.abs(loss.find((point) => point.format === "int4")!.y - 0.0596204) < 1e-6);
    assert.equal(loss.find((point) => point.format === "e2m1")!.x, 0.6);
    assert.equal(publishedPoints("LLaMA2-7B", "energyFj", "deltaLoss"), null);
    assert.equal(publishedPoints("LLaMA2-7B", "areaUm2", "kl"), null);
  });

  it("a report draws them apart, marked published, never as rows", async () => {
    const report = composeReport(makeInput());
    const figure = report.sections.find((section) => section.figure?.id === "published")!.figure!;
    const svg = await renderSvg(figure.spec, { id: "published", title: "t" });
    assert.match(svg, />× published: Dotzel et al\., ICML 2024, LLaMA2-7B, nats per word</);
    assert.match(svg, /<title>published: e2m1 on LLaMA2-7B/);
    assert.match(figure.caption, /published.*no error bars/);
    assert.deepEqual(
      report.views.map((view) => view.frontier.points.length),
      [20, 14, 20, 14, 40],
    );
    const none = composeReport(makeInput(), { published: null });
    assert.ok(none.sections.every((section) => section.figure?.id !== "published"));
  });

  it("asked for and impossible is an error, not asked for and impossible is left out", () => {
    const input = { ...makeInput(), rows: [makeRow()] };
    const rounded = makeInput().rows.map((row) => (row.format === "fp32" ? row : { ...row, activation: "same" }));
    assert.throws(
      () => composeReport({ ...input, rows: rounded }, { published: "LLaMA2-7B" }),
      /published: no frontier/,
    );
    assert.doesNotThrow(() => composeReport(input));
    assert.throws(() => composeReport(input, { published: "LLaMA2-7B" }), /published: no frontier/);
    assert.throws(() => composeReport(makeInput(), { published: "GPT-5" }), /not a network of the paper's/);
  });
});
