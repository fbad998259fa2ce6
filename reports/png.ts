import { createRequire } from "node:module";
import { UserError } from "../formats/error.ts";

/** Pixels of the picture to one of the SVG: sharp on paper at the width of a column. */
const zoom = 2;
const ink = "#1b1d21";

/** Condensed, because its letters are as wide as those Vega reckons with (Helvetica's); the plain cut is wider. */
const fontFamily = "DejaVu Sans Condensed";
const fontFiles = ["DejaVuSansCondensed.ttf", "DejaVuSansCondensed-Oblique.ttf", "DejaVuSansCondensed-Bold.ttf"];

/**
 * A chart's SVG as PNG, dark ink on white, twice the size, in a font of a package: the same picture on any machine. The
 * renderer is loaded at the first call.
 * @throws UserError where the renderer has no build for this platform.
 */
export async function renderPng(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js").catch((error: Error) => {
    throw new UserError(`PNG: the renderer @resvg/resvg-js cannot be loaded here (${error.message.split("\n")[0]})`);
  });
  const resolve = createRequire(import.meta.url).resolve;
  const picture = svg
    .replace(/<style>.*?<\/style>/s, "")
    .replaceAll("currentColor", ink)
    .replace(/font-family="[^"]*"/g, `font-family="${fontFamily}"`);
  return new Resvg(picture, {
    background: "white",
    fitTo: { mode: "zoom", value: zoom },
    font: {
      loadSystemFonts: false,
      fontFiles: fontFiles.map((file) => resolve(`dejavu-fonts-ttf/ttf/${file}`)),
      defaultFontFamily: fontFamily,
    },
  })
    .render()
    .asPng();
}
