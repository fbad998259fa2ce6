import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MANIFEST_FILE, readManifest, type SweepManifest, writeManifest } from "../../../evaluate/sweep/index.ts";

const manifest: SweepManifest = {
  command: "bitfrontier sweep",
  createdAt: "2026-01-01T00:00:00.000Z",
  versions: { bitfrontier: "0.1.0" },
  config: { seed: 0 },
  keys: ["k"],
  profiles: [
    { name: "w", layer: 0, kind: "q_proj", shape: [4, 4], nu: 5, nuSigma: null, verdict: "student", gain: 0.1 },
  ],
  codebooks: [{ id: "int4", label: "INT4", family: "int", values: [-1, 0, 1] }],
};

describe("readManifest", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-manifest-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("gives back what was written", () => {
    writeManifest(folder, manifest);
    assert.deepEqual(readManifest(folder), manifest);
  });

  it("names the file that is absent or not JSON", () => {
    assert.throws(() => readManifest(folder), { name: "UserError", message: /sweep\.json.*is this a sweep folder/ });
    writeFileSync(join(folder, MANIFEST_FILE), "{");
    assert.throws(() => readManifest(folder), { name: "UserError", message: /sweep\.json: not valid JSON/ });
  });

  it("names the field that is not what a report can draw", () => {
    const bad: [object, RegExp][] = [
      [{ command: 1 }, /command/],
      [{ createdAt: "soon" }, /createdAt/],
      [{ versions: { node: 20 } }, /versions/],
      [{ config: [] }, /config/],
      [{ keys: [1] }, /keys/],
      [{ profiles: [{ name: "w" }] }, /profiles/],
      [{ codebooks: [{ id: "a", label: "a", family: "a", values: [null] }] }, /codebooks/],
    ];
    for (const [fields, message] of bad) {
      writeFileSync(join(folder, MANIFEST_FILE), JSON.stringify({ ...manifest, ...fields }));
      assert.throws(() => readManifest(folder), { name: "UserError", message });
    }
  });
});
