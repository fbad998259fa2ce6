import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { packageRoot } from "../evaluate/model/index.ts";

/** What each folder may import of ours (DESIGN.md, "The folders"). A deeper folder's own rule adds to its parent's. */
const allowed: Record<string, readonly string[]> = {
  formats: [],
  fitting: ["formats"],
  hwmodel: ["formats", "fitting"],
  evaluate: ["evaluate", "formats", "fitting", "hwmodel"],
  "evaluate/graph": ["evaluate/graph", "formats"],
  "evaluate/engine": ["evaluate/engine", "evaluate/graph", "formats"],
  "evaluate/tasks": ["evaluate/tasks", "formats"],
  "evaluate/hadamard": ["formats/simd/wasm.ts"],
  "evaluate/calibration": [
    "evaluate/graph",
    "evaluate/engine",
    "evaluate/hadamard",
    "evaluate/storage/waiting.ts",
    "formats",
  ],
  "evaluate/training": [
    "evaluate/calibration",
    "evaluate/scoring",
    "evaluate/hadamard",
    "evaluate/model",
    "evaluate/graph",
    "evaluate/engine",
    "evaluate/random.ts",
    "formats",
  ],
  "evaluate/methods": [
    "evaluate/calibration",
    "evaluate/training",
    "evaluate/hadamard",
    "evaluate/model",
    "evaluate/graph",
    "evaluate/engine",
    "formats",
    "fitting",
  ],
  "evaluate/storage": ["evaluate/model", "evaluate/sweep", "evaluate/tasks", "formats"],
  "evaluate/scoring": [
    "evaluate/model",
    "evaluate/tasks",
    "evaluate/storage/waiting.ts",
    "evaluate/graph",
    "evaluate/engine",
    "formats",
  ],
  "evaluate/rotation": ["evaluate/hadamard", "evaluate/model", "evaluate/graph", "evaluate/engine", "formats"],
  reports: [
    "formats",
    "evaluate/trial/row.ts",
    "hwmodel/cost.ts",
    "hwmodel/published.ts",
    "hwmodel/system/chipOverhead.ts",
  ],
  cli: ["formats", "fitting", "hwmodel", "evaluate", "reports"],
  models: ["evaluate", "formats", "fitting"],
  bench: ["formats", "fitting", "hwmodel", "evaluate", "reports", "models"],
};

/** Folders that run in a browser: no Node API, no package. */
const pure = ["formats", "fitting"];

const root = packageRoot();

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => posix.join(folder, name.split(sep).join("/")));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\s(?:[^"'=();]*?\sfrom\s)?"([^"]+)"/gm)].map((m) => m[1]!);
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

describe("imports", () => {
  for (const folder of Object.keys(allowed)) {
    it(`${folder}/ imports only ${["itself", ...allowed[folder]!].join(", ")}`, () => {
      for (const file of sources(folder)) {
        for (const specifier of importsOf(file).filter((s) => s.startsWith("."))) {
          const target = relative(root, resolve(root, dirname(file), specifier))
            .split(sep)
            .join("/");
          const fine = [folder, ...allowed[folder]!].some((each) => within(target, each));
          assert.ok(fine, `${file} imports ${target}`);
        }
      }
    });
  }

  for (const folder of pure) {
    it(`${folder}/ imports no package and no Node API`, () => {
      for (const file of sources(folder)) {
        for (const specifier of importsOf(file)) assert.match(specifier, /^\.{1,2}\//, `${file} imports ${specifier}`);
        assert.doesNotMatch(readFileSync(join(root, file), "utf8"), /\b(process|Buffer|require)\b[.(]/, file);
      }
    });
  }

  it("reports/browser.ts and all that it imports need no Node API", () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const specifier of importsOf(file)) {
        assert.ok(!specifier.startsWith("node:"), `${file} imports ${specifier}`);
        if (specifier.startsWith(".")) visit(posix.join(posix.dirname(file), specifier));
      }
    };
    visit("reports/browser.ts");
    assert.ok(seen.has("reports/frontier.ts"));
  });

  it("finds the imports it checks", () => {
    assert.ok(importsOf("evaluate/graph/gradients.ts").includes("./ops/elementwise.ts"));
  });
});
