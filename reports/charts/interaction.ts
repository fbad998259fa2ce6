/**
 * What the interactive page adds to a chart: a click in the legend leaves one category and fades the others, and a mark
 * under the pointer says its text. A chart drawn once looks as if nothing were chosen.
 */

/** Encodings of a mark that says `text`: to a screen reader, and under the pointer. */
export const said = { description: { field: "text" }, tooltip: { field: "text" } };

const faded = 0.08;
const name = "picked";

/** The selection, for the layer whose legend it is. */
export function pickByLegend(field: string): object {
  return { name, select: { type: "point", fields: [field] }, bind: "legend" };
}

/** Opacity from a field, or from a number, of what is picked; the rest fades. */
export function whenPicked(opacity: string | number): object {
  const shown =
    typeof opacity === "number"
      ? { value: opacity }
      : { field: opacity, type: "quantitative", scale: null, legend: null };
  return { condition: { param: name, ...shown }, value: faded };
}
