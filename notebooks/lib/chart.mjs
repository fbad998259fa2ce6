import { parse, View } from "vega";
import { compile } from "vega-lite";
import { attachTip } from "../../reports/page/tip.mjs";

/** Draws a vega-lite spec, the same as a report's, as SVG that answers to the pointer. */
export async function chart(spec, caption = "") {
  const figure = document.createElement("figure");
  const box = figure.appendChild(document.createElement("div"));
  box.className = "chart";
  const view = new View(parse(compile(spec).spec), { renderer: "svg", hover: true });
  view.tooltip(attachTip(document));
  view.initialize(box);
  await view.runAsync();
  const svg = box.querySelector("svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", spec.description);
  if (caption) figure.appendChild(document.createElement("figcaption")).textContent = caption;
  return figure;
}
