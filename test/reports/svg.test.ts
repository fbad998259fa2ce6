import assert from "node:assert/strict";
import type { TensorProfile } from "../../evaluate/trial/row.ts";
import {
  areaChart,
  degreesChart,
  frontierChart,
  layerErrorChart,
  numberLineChart,
} from "../../reports/charts/index.ts";
import { plotScale, position, valueAt } from "../../reports/charts/scale.ts";
import { familiesOf, frontierFigure, otherFigures } from "../../reports/figures.ts";
import { renderSvg } from "../../reports/svg.ts";
import { views } from "../../reports/views.ts";
import { makeInput, makeProfiles, makeRow, makeRows } from "./fixture.ts";

const input = makeInput();
const found = views(input.rows, input.codebooks);
const families = familiesOf(input.rows);
const figures = [...found.map((view) => frontierFigure(view, families)), ...otherFigures(input, found)];

function titles(svg: string): string[] {
  return [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map((match) => match[1]!);
}

describe("charts", () => {
  it("every chart of a report compiles without a warning and gives the same bytes twice", async () => {
    assert.deepEqual(
      figures.map((figure) => figure.id),
      ["frontier-1", "frontier-2", "frontier-3", "frontier-4", "frontier-5", "codebooks", "degrees", "area", "layers"],
    );
    for (const { id, title, spec } of figures) {
      const svg = await renderSvg(spec, { id, title });
      assert.equal(await renderSvg(structuredClone(spec), { id, title }), svg, id);
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/, id);
    }
  });

  it("renderSvg(spec) is transparent, in the page's ink, named, and asks for nothing", async () => {
    for (const { id, title, spec } of figures) {
      const svg = await renderSvg(spec, { id, title, labelledBy: `${id}-caption` });
      assert.match(svg, new RegExp(`^<svg role="img" aria-labelledby="${id}-caption"`));
      assert.match(svg, /fill="currentColor"/);
      assert.doesNotMatch(svg, /fill="(white|#fff|#ffffff|black|#000)"/);
      assert.doesNotMatch(
        svg.replaceAll(/xmlns(:\w+)?="[^"]*"/g, ""),
        /https?:|<image|<script|<foreignObject|href="[^#]/,
      );
    }
  });

  it("renderSvg(spec) gives ids a prefix, so that charts can share a page", async () => {
    const ids = new Set<string>();
    for (const { id, title, spec } of figures)
      for (const [, name] of (await renderSvg(spec, { id, title })).matchAll(/\bid="([^"]*)"/g)) {
        assert.ok(!ids.has(name!), name);
        assert.ok(name!.startsWith(`${id}-`), name);
        ids.add(name!);
      }
  });

  it("frontierChart(frontier) has one tooltip a row and labels frontier rows, and ties where there is room", async () => {
    const view = found[1]!;
    const svg = await renderSvg(frontierChart(view.frontier, families, "t"), { id: "x", title: "t" });
    const tips = titles(svg);
    assert.equal(tips.length, view.frontier.points.length);
    assert.ok(
      tips.some((tip) =>
        /^e2m1: Δ loss \(nats\/token\) 0\.0357 ± 0\.0012, area \(GE\) 281\.0, on the frontier$/.test(tip),
      ),
    );
    const texts = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!);
    const labels = texts.filter((text) => view.frontier.points.some((point) => point.row.element === text));
    const having = (status: string) =>
      view.frontier.points.filter((point) => point.status === status).map((point) => point.row.element);
    for (const element of having("frontier")) assert.ok(labels.includes(element), element);
    assert.ok(labels.some((label) => having("tie").includes(label)));
    assert.ok(!labels.some((label) => having("dominated").includes(label)));
    assert.ok(texts.includes("fp32"));
  });

  it("frontierChart(frontier) draws one row, rows of one cost, and losses below zero", async () => {
    for (const losses of [[0.1], [0.1, 0.1], [-0.01, 0.2, 3], [0, 0]]) {
      const rows = losses.map((deltaLoss, i) => makeRow({ key: `k${i}`, deltaLoss, element: `e${i}` }));
      for (const view of views(rows)) {
        const svg = await renderSvg(frontierChart(view.frontier, ["int"], "t"), { id: "x", title: "t" });
        assert.doesNotMatch(svg, /NaN|Infinity/, String(losses));
        assert.equal(titles(svg).length, losses.length);
      }
    }
  });

  it("degreesChart(profiles) draws Gaussian tensors in a strip of their own and others at their ν", async () => {
    const svg = await renderSvg(degreesChart(makeProfiles(), "t"), { id: "x", title: "t" });
    assert.equal(titles(svg).length, 28);
    assert.equal(titles(svg).filter((tip) => /: Gaussian: the t gains less than 2 σ, gain/.test(tip)).length, 3);
    assert.match(svg, />Gaussian or no fit</);
    const tailed = makeProfiles().filter((profile) => profile.nu !== null);
    assert.doesNotMatch(await renderSvg(degreesChart(tailed, "t"), { id: "x", title: "t" }), /Gaussian or no fit/);
    const gaussian = makeProfiles().map((profile): TensorProfile => ({ ...profile, nu: null, nuSigma: null }));
    assert.equal(titles(await renderSvg(degreesChart(gaussian, "t"), { id: "x", title: "t" })).length, 28);
  });

  it("numberLineChart(codebooks) draws one tick a distinct value", async () => {
    const books = [
      { id: "a", label: "A", family: "int", values: [-7, 0, 0, 7] },
      { id: "b", label: "A", family: "int", values: [0] },
    ];
    const svg = await renderSvg(numberLineChart(books, ["int"], "t"), { id: "x", title: "t" });
    assert.deepEqual(titles(svg), ["a: −7.000", "a: 0", "a: 7.000", "b: 0"]);
  });

  it("areaChart(costs) stacks parts to the whole and shows what is neither multiplier nor accumulator", async () => {
    const cost = { ...makeRows()[1]!.cost!, areaGe: 100, multiplierGe: 30, accumulatorGe: 60 };
    const svg = await renderSvg(areaChart([{ name: "x", cost }], "t"), { id: "x", title: "t" });
    assert.deepEqual(titles(svg), [
      "x: multiplier 30.00 GE",
      "x: accumulator 60.00 GE",
      "x: decoder and other 10.00 GE",
    ]);
  });

  it("layerErrorChart(rows) leaves out zero errors, which a log axis cannot show", async () => {
    const layers = [0, 0.01, 0.02].map((relativeMse, i) => ({
      name: `h.${i}.mlp.weight`,
      shape: [4, 4],
      relativeMse,
      zeroGroups: 0,
    }));
    const svg = await renderSvg(layerErrorChart([{ name: "int4", row: makeRow({ layers }) }], "t"), {
      id: "x",
      title: "t",
    });
    assert.equal(titles(svg).length, 2);
  });
});

describe("plotScale", () => {
  it("plotScale(values) is linear, log for a wide span, symlog where a wide span has values at or below zero", () => {
    assert.equal(plotScale([1, 5], [], { low: 0, high: 0 }).type, "linear");
    assert.equal(plotScale([0.01, 5], [], { low: 0, high: 0 }).type, "log");
    assert.equal(plotScale([0, 0.01, 5], [], { low: 0, high: 0 }).type, "symlog");
  });

  it("valueAt(scale, position(scale, value)) is the value", () => {
    for (const values of [
      [1, 5],
      [0.01, 5],
      [-0.1, 0.01, 5],
    ]) {
      const scale = plotScale(values, [], { low: 0.1, high: 0.1 });
      for (const value of values) assert.ok(Math.abs(valueAt(scale, position(scale, value)) - value) < 1e-9);
    }
  });
});
