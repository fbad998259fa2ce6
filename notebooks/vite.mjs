/** How the notebooks are built and served: Notebook Kit's own Vite plugin, with nothing left that would ask the network. */
import { fileURLToPath } from "node:url";
import { config, observable } from "@observablehq/notebook-kit/vite";

export const root = fileURLToPath(new URL(".", import.meta.url));
const empty = "\0empty";

/**
 * Notebook Kit's standard library loads Plot, leaflet and others from a CDN when a notebook uses them. Ours use none, but a
 * single file would pull their static imports to the front and fetch them on opening: they become empty modules.
 */
const offline = {
  name: "offline",
  enforce: "pre",
  resolveId: (id) => (/^(https?:)?\/\//.test(id) ? empty : null),
  load: (id) => (id === empty ? "export default undefined;" : null),
};

/** Fonts and style sheets of the themes that would be fetched, or make a page a megabyte larger: the system's fonts do. */
const systemFonts = {
  name: "system-fonts",
  enforce: "pre",
  transform(code, id) {
    if (!/\.css(\?|$)/.test(id)) return null;
    return code
      .replace(/@font-face\s*\{[^}]*\}/g, "")
      .replace(/@import\s+(url\()?["']?(https?:|@fontsource)[^;]*;/g, "");
  },
};

export function settings() {
  const kit = config();
  return {
    ...kit,
    root,
    configFile: false,
    logLevel: "error",
    plugins: [offline, systemFonts, observable()],
  };
}
