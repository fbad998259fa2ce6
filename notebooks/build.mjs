/**
 * Builds each notebook into one HTML file that opens from disk and asks the network for nothing: `npm run notebooks`.
 * Arguments: notebooks to build (all without), `--out DIR`.
 */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";
import { root, settings } from "./vite.mjs";

const { values, positionals } = parseArgs({
  options: { out: { type: "string", default: join(root, "dist") } },
  allowPositionals: true,
});
const notebooks = positionals.length > 0 ? positionals : readdirSync(root).filter((name) => name.endsWith(".html"));
for (const [i, name] of notebooks.entries()) {
  const kit = settings();
  await build({
    ...kit,
    plugins: [...kit.plugins, viteSingleFile()],
    build: {
      outDir: resolve(values.out),
      emptyOutDir: i === 0,
      assetsInlineLimit: Number.MAX_SAFE_INTEGER,
      chunkSizeWarningLimit: Number.MAX_SAFE_INTEGER,
      rolldownOptions: { input: join(root, name), shimMissingExports: true },
    },
  });
  process.stdout.write(`${join(values.out, name)}\n`);
}
