import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const entry = fileURLToPath(new URL("../../formats/index.js", import.meta.url));
const bundle = (source: string) =>
  build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    metafile: true,
    write: false,
    logLevel: "silent",
  });

describe("bitfrontier/formats in a browser", () => {
  it("is one bundle below 20 kB gzipped, kept whole, that imports nothing and holds every format but no prose", async () => {
    const { outputFiles, metafile } = await bundle(`export * from ${JSON.stringify(entry)};`);
    const [output] = Object.values(metafile.outputs);
    assert.deepEqual(output!.imports, []);
    for (const path of Object.keys(metafile.inputs)) assert.doesNotMatch(path, /node_modules/);
    const { byteLength } = gzipSync(outputFiles[0]!.contents, { level: 9 });
    assert.ok(byteLength < 20_000, `${byteLength} bytes`);
    const { text } = outputFiles[0]!;
    for (const id of ["bitmod4", "e2m1-i", "hif4", "paretoq2"]) assert.ok(text.includes(id), id);
    assert.doesNotMatch(text, /arXiv|llm-datatypes/);
  });

  it("works without Node's globals", async () => {
    const { outputFiles } = await bundle(
      `import { fakeQuantize, parseFormat } from ${JSON.stringify(entry)};
       const out = new Float32Array(4);
       fakeQuantize(Float32Array.of(-6, 0.3, 1.4, 4.9), 1, 4, parseFormat("e2m1@row"), out);
       export default [...out];`,
    );
    const code = outputFiles[0]!.text.replace(/export\s*\{(\w+) as default\};?\s*$/, "return $1;");
    const hidden = ["process", "Buffer", "require", "global", "setImmediate"];
    assert.deepEqual(new Function(...hidden, `"use strict"; ${code}`)(), [-6, 0.5, 1.5, 4]);
  });
});
