/**
 * Redraws the charts of a report over their static SVG so that they answer to the pointer. Runs in the reader's browser,
 * bundled by bundle.mjs; vega-lite was left behind when the report was written: charts come as vega specs.
 */
import { transforms } from "vega-dataflow";
import * as encode from "vega-encode";
import { expressionInterpreter } from "vega-interpreter";
import { parse } from "vega-parser";
import * as data from "vega-transforms";
import { View } from "vega-view";
import * as layout from "vega-view-transforms";
import { attachTip } from "./tip.mjs";

Object.assign(transforms, data, layout, encode);

const showTip = attachTip(document);

/** Draws beside the static picture and takes its place only when all went well. */
async function enliven(frame, spec) {
  const still = frame.querySelector("svg");
  const box = document.createElement("div");
  // As syntax trees, so that the page needs no `eval`, which its security policy forbids.
  const chart = parse(spec, {}, { ast: true });
  const view = new View(chart, { expr: expressionInterpreter, renderer: "svg", hover: true, logLevel: 0 });
  view.tooltip(showTip);
  view.initialize(box);
  await view.runAsync();
  const svg = box.querySelector("svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-labelledby", still.getAttribute("aria-labelledby"));
  frame.replaceChildren(box);
  frame.dataset.live = "";
}

const charts = JSON.parse(document.getElementById("chart-data").textContent);
for (const frame of document.querySelectorAll("[data-chart]")) {
  const chart = charts[frame.dataset.chart];
  // A chart that fails stays the picture it was.
  if (chart) enliven(frame, chart).catch(() => undefined);
}
