/** Bundles the page's runtime with the parts of vega that it needs into dist/reports/page/runtime.js; part of `npm run build`. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [here("runtime.mjs")],
  outfile: here("../../dist/reports/page/runtime.js"),
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  banner: {
    js: "/* Contains Vega (BSD-3-Clause, (c) University of Washington Interactive Data Lab) and D3 (ISC, (c) Mike Bostock). */",
  },
  logLevel: "warning",
});
