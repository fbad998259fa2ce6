import assert from "node:assert/strict";
import type { FoundDevice } from "../../../evaluate/engine/devices.ts";
import { tokensPerRun } from "../../../evaluate/scoring/runSize.ts";
import { tinyModel } from "../tinyModel.ts";

const { config, shapes } = tinyModel();
const gpu = (mebibytes: number | null): FoundDevice => ({
  device: "webgpu",
  name: "a GPU",
  memoryBytes: mebibytes === null ? null : mebibytes * 2 ** 20,
  software: false,
});

describe("tokensPerRun", () => {
  it("is 2048 on the CPU and on software, but a whole window at least", () => {
    assert.equal(tokensPerRun(config, shapes, 16), 2048);
    assert.equal(tokensPerRun(config, shapes, 16, { ...gpu(64), software: true }), 2048);
    assert.equal(tokensPerRun(config, shapes, 4096), 4096);
  });

  it("follows a GPU's memory up to 16384, in whole windows, and 2 GiB where nobody tells", () => {
    const [little, more] = [tokensPerRun(config, shapes, 16, gpu(1)), tokensPerRun(config, shapes, 16, gpu(2))];
    assert.equal(little % 16, 0);
    assert.ok(16 <= little && little < more && more < 16384, `${little}, ${more}`);
    assert.equal(tokensPerRun(config, shapes, 16, gpu(4096)), 16384);
    assert.equal(tokensPerRun(config, shapes, 16, gpu(null)), 16384);
    assert.equal(tokensPerRun(config, shapes, 16, gpu(0)), 16);
  });

  it("keeps the logits within one buffer of 1 GiB", () => {
    // 2^30 bytes hold the logits of 2048 tokens over 131072 words.
    const wide = { ...config, vocabSize: 131072 };
    const isTable = (name: string) => /embed_tokens|lm_head/.test(name);
    const sizes = new Map([...shapes].map(([name, shape]) => [name, isTable(name) ? [131072, shape[1]!] : shape]));
    assert.equal(tokensPerRun(wide, sizes, 16, gpu(1 << 20)), 2048);
  });
});
