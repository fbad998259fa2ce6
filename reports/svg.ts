import type { TopLevelSpec } from "vega-lite";
import { compileSpec } from "./compile.ts";
import { html, visible } from "./escape.ts";

export interface SvgOptions {
  /** Prefix for every id inside, so that several charts can stand in one page. */
  id: string;
  /** Id of the element of the page that describes the chart; without it the SVG carries its own title. */
  labelledBy?: string;
  title: string;
}

/** A report needs the same drawing in its page and beside it. */
const drawn = new WeakMap<TopLevelSpec, Promise<string>>();

/**
 * Draws a vega-lite spec as SVG text: transparent, in the page's ink, with a native tooltip on every mark and no script.
 * The same spec gives the same bytes, and one object is drawn once. Vega is loaded at the first call (0.5 s).
 */
export async function renderSvg(spec: TopLevelSpec, options: SvgOptions): Promise<string> {
  const svg = drawn.get(spec) ?? draw(spec, options.id);
  drawn.set(spec, svg);
  return dress(await svg, options);
}

async function draw(spec: TopLevelSpec, id: string): Promise<string> {
  const vega = await import("vega");
  const compiled = await compileSpec(spec, id);
  vega.resetSVGDefIds();
  const view = new vega.View(vega.parse(compiled), { renderer: "none" });
  try {
    return visible(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/** A chart in a file of its own has no page to take its ink from. */
const standaloneInk = "<style>svg{color:#1b1d21}@media(prefers-color-scheme:dark){svg{color:#e7e9ec}}</style>";

/** Makes Vega's SVG accessible, gives its marks tooltips, and its ids a prefix of their own. */
function dress(svg: string, { id, labelledBy, title }: SvgOptions): string {
  const name = labelledBy ?? `${id}-title`;
  return svg
    .replace(/(\bid="|url\(#|href="#)/g, `$1${id}-`)
    .replace(/<svg [^>]*>/, (tag) => {
      const open = tag.replace("<svg ", `<svg role="img" aria-labelledby="${html(name)}" `);
      return labelledBy ? open : `${open}<title id="${html(name)}">${html(title)}</title>${standaloneInk}`;
    })
    .replace(
      /<path aria-label="([^"]*)"([^>]*?)\/?>(?:<\/path>)?/g,
      '<path aria-label="$1"$2><title>$1</title></path>',
    );
}
