import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fetchProgress } from "../../cli/fetchProgress.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { type FakeHub, startFakeHub } from "../evaluate/model/fakeHub.ts";
import { cli } from "./io.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

const VARIABLES = ["HF_HUB_CACHE", "HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];

describe("bitfrontier with a Hub id", () => {
  const saved = new Map(VARIABLES.map((name) => [name, process.env[name]]));
  let folder: string;
  let model: string;
  let hub: FakeHub;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-hub-"));
    model = writeTinyModel(join(folder, "model"));
    writeFileSync(join(folder, "text.txt"), tinyText(500));
    for (const name of VARIABLES) delete process.env[name];
    const files = readdirSync(model).map((name) => [
      name,
      { content: readFileSync(join(model, name)), lfs: name.endsWith(".safetensors") },
    ]);
    hub = await startFakeHub(Object.fromEntries(files));
    process.env.HF_ENDPOINT = hub.endpoint;
    process.env.HF_HUB_CACHE = join(folder, "cache");
  });
  afterEach(async () => {
    await hub.close();
    rmSync(folder, { recursive: true, force: true });
    for (const [name, value] of saved) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  it("eval downloads the model once, says so on stderr, and then needs no Hub", async () => {
    const words = ["--task", `perplexity:${join(folder, "text.txt")}`, "--context", "32", "--json"];
    const first = await cli("eval", "org/model", ...words);
    assert.equal(first.code, 0, first.err);
    assert.match(first.err, /^fetching config\.json \(0\.0 MB\)\n/);
    assert.match(first.err, /fetching model\.safetensors/);
    await hub.close();
    const second = await cli("eval", "org/model", ...words);
    const local = await cli("eval", model, ...words);
    assert.doesNotMatch(second.err, /fetching/);
    const loss = ({ out }: { out: string }) => (JSON.parse(out) as Row[]).map(({ windowLoss }) => windowLoss);
    assert.deepEqual(loss(second), loss(first));
    assert.deepEqual(loss(first), loss(local));
  });

  it("fit and quantize download it too; a wrong format is refused before", async () => {
    const bad = await cli("quantize", "org/model", "--format", "nonsense@g16", "--out", join(folder, "out"));
    assert.equal(bad.code, 1);
    assert.equal(hub.requests.length, 0);
    const { code, err } = await cli("quantize", "org/model", "--format", "sf4@g16", "--out", join(folder, "out"));
    assert.equal(code, 0, err);
    assert.match(err, /fetching model\.safetensors/);
    process.env.HF_HUB_CACHE = join(folder, "other");
    const fit = await cli("fit", "org/model");
    assert.equal(fit.code, 0, fit.err);
    assert.match(fit.err, /fetching model\.safetensors/);
  });

  it("a model the Hub does not have is one line on stderr", async () => {
    const { code, out, err } = await cli("fit", "org/other");
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /^bitfrontier: model org\/other: 127\.0\.0\.1:\d+ has no such model or file \(404\)\n$/);
  });

  it("fetchProgress redraws one line on a terminal", () => {
    let text = "";
    const show = fetchProgress({ isTTY: true, columns: 80, write: (part) => (text += part) });
    for (const done of [0, 1e6, 2e6]) show({ file: "a.safetensors", done, total: 2e6 });
    assert.equal(
      text,
      "\r\x1b[2Kfetching a.safetensors  0.0 MB of 2.0 MB\r\x1b[2Kfetching a.safetensors  2.0 MB of 2.0 MB\n",
    );
  });
});
