import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { packageRoot } from "../evaluate/model/index.ts";

const root = packageRoot();

/** Only `bitfrontier/formats` and `bitfrontier/fitting`: types must do without those of Node and the DOM. */
const pureProgram = `
import { dequantize, type Element, fakeQuantize, type Format, listElements, parseFormat, quantize } from "bitfrontier/formats";
import { defineCodebook } from "bitfrontier/formats/own";
import { packCodes, unpackCodes } from "bitfrontier/formats/packing";
import { formatSheet, renderSheet } from "bitfrontier/formats/sheets";
import * as fitting from "bitfrontier/fitting";

const elements: Element[] = listElements();
const weights: Float32Array = Float32Array.from({ length: 256 }, (_, i) => Math.sin(i));
const format: Format = parseFormat("sf4@g64");
const out = new Float32Array(256);
const { sumSquaredError, sumSquares } = fakeQuantize(weights, 2, 128, format, out);
const quantized = quantize(weights, 2, 128, format);
const bytes: Uint8Array = packCodes(quantized.codes, 4, "low", 128);
const codes = unpackCodes(bytes, 256, 4, "low", 128);
const back = dequantize({ ...quantized, codes }, 2, 128, format);
const own = parseFormat(\`\${defineCodebook({ id: "mine", values: [-1, 0, 0.5, 1] }).id}@row\`);
// @ts-expect-error a format is no text
export const misuse = () => parseFormat(format);
export const result = {
  elements: elements.length,
  error: sumSquaredError / sumSquares,
  same: back.every((value, i) => value === out[i]),
  sheet: renderSheet(formatSheet("e2m1+sr@g64")).split("\\n")[0],
  own: own.id,
  fitting: Object.keys(fitting).length > 0,
};
`;

const nodeProgram = `
import { result } from "./pure.js";
import * as all from "bitfrontier";
import { macCostById } from "bitfrontier/hwmodel";
import type { Row } from "bitfrontier/evaluate";
import { readFileSync } from "node:fs";

const bits = (row: Row): number | null => row.bitsPerWeight;
console.log(JSON.stringify({ ...result, area: macCostById("int4").areaGe > 0, all: Object.keys(all).length, bits: typeof bits, readable: readFileSync("pure.js").length > 0 }));
`;

describe("a project that installs the packed tarball", function () {
  this.timeout(600_000);
  let folder: string;
  before(function () {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-consumer-"));
    const packed = npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root);
    assert.equal(packed.status, 0, packed.stderr);
    const [{ filename, files }] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
    const strangers = files.filter(({ path }) =>
      /^dist\/(test|test-slow|bench)\/|\.map$|^(\.build|\.ci|node_modules)\//.test(path),
    );
    assert.deepEqual(strangers, []);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    const install = npm(["install", ...flags, `./${filename}`, `@types/node@${versionOf("@types/node")}`], folder);
    if (
      install.status !== 0 &&
      /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENOTCACHED|ECONNRESET/.test(install.stderr)
    ) {
      console.log(`      skipped: the registry cannot be reached: ${install.stderr.split("\n")[0]}`);
      this.skip();
    }
    assert.equal(install.status, 0, install.stderr);
    writeFileSync(join(folder, "pure.ts"), pureProgram);
    writeFileSync(join(folder, "main.ts"), nodeProgram);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("type-checks formats and fitting strictly with neither Node's types nor the DOM's", () => {
    assertCompiles(["pure.ts", "--types", "", "--lib", "es2023", "--skipLibCheck", "false"]);
  });

  it("type-checks and runs in Node, and the program is installed", () => {
    assertCompiles(["main.ts", "--types", "node", "--lib", "es2023", "--skipLibCheck"]);
    const { status, stdout, stderr } = spawnSync(process.execPath, ["main.js"], { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const { readable, area, all, ...result } = JSON.parse(stdout);
    assertResult(result);
    assert.ok(readable && area && all > 3, stdout);
    const bin = join(folder, "node_modules", "bitfrontier", "dist", "cli", "main.js");
    const sheet = spawnSync(process.execPath, [bin, "formats", "[-1,0,1]@g64"], { encoding: "utf8" });
    assert.match(sheet.stdout, /^\[-1,0,1\]@g64/);
  });

  it("is bundled for a browser and gives the same numbers in headless Chromium", async function () {
    const chromium = [process.env.CHROME_PATH, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
      (path) => path !== undefined && existsSync(path),
    );
    if (chromium === undefined) {
      console.log("      skipped: no Chromium ($CHROME_PATH, /usr/bin/chromium)");
      return this.skip();
    }
    writeFileSync(
      join(folder, "page.ts"),
      'import { result } from "./pure.js";\ndocument.body.textContent = "RESULT" + JSON.stringify(result) + "END";\n',
    );
    const { outputFiles } = await build({
      entryPoints: [join(folder, "page.ts")],
      bundle: true,
      format: "iife",
      platform: "browser",
      write: false,
      logLevel: "silent",
    });
    const page = join(folder, "page.html");
    writeFileSync(page, `<!doctype html><meta charset="utf-8"><body><script>${outputFiles[0]!.text}</script></body>`);
    const { stdout, stderr, status } = spawnSync(
      chromium,
      [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        `--user-data-dir=${join(folder, "profile")}`,
        "--dump-dom",
        pathToFileURL(page).href,
      ],
      { encoding: "utf8", timeout: 120_000 },
    );
    const text = /RESULT(\{.*\})END/.exec(stdout)?.[1];
    assert.ok(text !== undefined, `exit ${status}: ${stderr.slice(-2000)}\n${stdout.slice(0, 500)}`);
    assertResult(JSON.parse(text));
  });

  function assertCompiles(words: string[]): void {
    const tsc = createRequire(import.meta.url).resolve("typescript/package.json");
    const { bin } = JSON.parse(readFileSync(tsc, "utf8")) as { bin: { tsc: string } };
    const flags = [
      "--strict",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--exactOptionalPropertyTypes",
      "--verbatimModuleSyntax",
    ];
    const args = [join(dirname(tsc), bin.tsc), ...words.slice(0, 1), ...flags, ...words.slice(1)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
  }
});

function assertResult(result: Record<string, unknown>): void {
  const { elements, error, own, ...rest } = result as { elements: number; error: number; own: string };
  assert.ok(elements >= 60, `${elements} elements`);
  // SF4, one sine: between the errors of 3 and 5 bits.
  assert.ok(error > 0.002 && error < 0.03, `relative error ${error}`);
  assert.match(own, /^mine~[0-9a-f]{16}@row$/);
  const { same, sheet, fitting } = rest as Record<string, unknown>;
  assert.deepEqual([same, sheet, fitting], [true, "e2m1+sr@g64  E2M1 super-range (+8)", true]);
}

function npm(words: readonly string[], cwd: string) {
  // npm is a script of Node's: without a shell it starts alike on all systems.
  const script = process.env.npm_execpath;
  return script === undefined
    ? spawnSync("npm", words, { cwd, encoding: "utf8", shell: process.platform === "win32" })
    : spawnSync(process.execPath, [script, ...words], { cwd, encoding: "utf8" });
}

function versionOf(name: string): string {
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  return devDependencies[name]!;
}
