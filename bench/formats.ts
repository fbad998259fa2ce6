/**
 * @file What `import "bitfrontier/formats"` costs: milliseconds in a fresh Node process (the import alone, Node's own start
 * subtracted by measuring inside), and the bytes of browser bundles.
 */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { show, spread } from "./rounds.ts";

const { values: args } = parseArgs({ options: { rounds: { type: "string", default: "15" } } });
const entry = fileURLToPath(new URL("../formats/index.js", import.meta.url));

const program = (what: string) => `
  const start = performance.now();
  const formats = await import(${JSON.stringify(new URL("../formats/index.js", import.meta.url).href)});
  ${what}
  console.log(performance.now() - start);`;

/** Milliseconds in a process of its own. */
function milliseconds(what: string): number {
  const words = ["--input-type=module", "--eval", program(what)];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

const cases = [
  ["import", ""],
  ["import, then parseFormat of sf4@g64", "formats.parseFormat('sf4@g64');"],
  ["import, then all elements", "formats.listElements();"],
] as const;
console.log("milliseconds in a fresh process, median (least–most)");
for (const [name, what] of cases) {
  milliseconds(what); // the files are in the cache of the system
  const values = Array.from({ length: Number(args.rounds) }, () => milliseconds(what));
  console.log(`  ${name.padEnd(38)} ${show(spread(values), 1)}`);
}

const bundles = [
  ["all of bitfrontier/formats", 'export * from "./index.js";'],
  ["parseFormat and fakeQuantize", 'export { fakeQuantize, parseFormat } from "./index.js";'],
  ["with sheets, own codebooks and packing", 'export * from "./all.js";'],
] as const;
console.log("bytes in a minified browser bundle");
for (const [name, contents] of bundles) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dirname(entry) },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  const code = outputFiles[0]!.contents;
  console.log(`  ${name.padEnd(38)} ${code.length}, ${gzipSync(code, { level: 9 }).length} gzipped`);
}
