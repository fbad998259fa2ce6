import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { packageRoot } from "../../evaluate/model/index.ts";

const main = fileURLToPath(new URL("../../cli/main.js", import.meta.url));
const run = (...words: string[]) => spawnSync(process.execPath, [main, ...words], { encoding: "utf8" });

describe("the bitfrontier program", function () {
  this.timeout(20_000);

  it("prints the version of package.json", () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
    const { status, stdout, stderr } = run("--version");
    assert.deepEqual([status, stdout, stderr], [0, `${version}\n`, ""]);
  });

  it("exits 2 on a usage error and 1 on a failure, with one line on stderr and nothing on stdout", () => {
    const usage = run("fit");
    assert.deepEqual([usage.status, usage.stdout], [2, ""]);
    assert.equal(usage.stderr, "bitfrontier: fit: MODEL is missing; see bitfrontier fit --help\n");
    const failure = run("fit", "no-such-file.safetensors");
    assert.deepEqual([failure.status, failure.stdout], [1, ""]);
    assert.match(failure.stderr, /^bitfrontier: [^\n]*no-such-file\.safetensors[^\n]*\n$/);
  });

  it("ends quietly when the reader of its output goes away", async () => {
    const child = spawn(process.execPath, [main, "help", "fit"], { stdio: ["ignore", "pipe", "pipe"] });
    let errors = "";
    child.stderr.on("data", (part: Buffer) => {
      errors += part;
    });
    child.stdout.destroy();
    const [code] = (await once(child, "close")) as [number];
    assert.deepEqual([code, errors], [0, ""]);
  });

  it("starts without loading the engine or the charts", () => {
    // Importing vega takes half a second and onnxruntime loads a 20 MB library: no command may pay that for its help.
    const script = `process.argv = ["node", "x", "--help"]; await import(${JSON.stringify(pathToFileURL(main).href)});
      console.error(String(process.report.getReport().sharedObjects.some((name) => name.includes("onnxruntime"))));`;
    const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    assert.deepEqual([status, stderr.trim()], [0, "false"]);
  });
});
