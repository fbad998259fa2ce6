import assert from "node:assert/strict";
import { canonicalJson, contentHash, type TrialSpec, trialKey } from "../../../evaluate/sweep/index.ts";

const spec: TrialSpec = {
  model: "reference",
  format: "sf4@g32",
  method: "rtn",
  methodOptions: {},
  scope: "linears",
  task: "perplexity:a.txt",
  context: 256,
  limitWindows: null,
  seed: 0,
};
const facts = { modelSha256: "m", configSha256: "c", tokenizerSha256: "t", textSha256: "x" };
const content = { values: Float64Array.of(-1, 0, 0.5, 1), block: { group: 32 } };

describe("canonicalJson", () => {
  it("sorts keys at every depth, keeps the order of lists and writes typed arrays as lists", () => {
    assert.equal(
      canonicalJson({ b: [2, 1, { d: null, c: "é" }], a: Float32Array.of(0.5, -0) }),
      '{"a":[0.5,-0],"b":[2,1,{"c":"é","d":null}]}',
    );
    assert.equal(canonicalJson({ a: undefined }), "{}");
  });
  it("refuses what JSON would change without a word", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1, 1n, [undefined]])
      assert.throws(() => canonicalJson(value), TypeError);
  });
  it("contentHash is the SHA-256 of that text", () => {
    // printf '{"a":1}' | sha256sum
    assert.equal(contentHash({ a: 1 }), "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862");
  });
});

describe("trialKey", () => {
  const key = trialKey(spec, facts, content);

  it("is 64 hex digits and the same for the same content under other names", () => {
    assert.match(key, /^[0-9a-f]{64}$/);
    assert.equal(
      trialKey({ ...spec, model: "./copy", task: "perplexity:b.txt", format: "SF4@g32" }, facts, content),
      key,
    );
    assert.equal(trialKey(spec, facts, { block: { group: 32 }, values: [-1, 0, 0.5, 1] }), key);
  });

  it("changes with everything that determines the result", () => {
    const others = [
      trialKey(spec, { ...facts, modelSha256: "m2" }, content),
      trialKey(spec, { ...facts, configSha256: "c2" }, content),
      trialKey(spec, { ...facts, tokenizerSha256: "t2" }, content),
      trialKey(spec, { ...facts, textSha256: "x2" }, content),
      trialKey(spec, facts, { ...content, values: Float64Array.of(-1, 0, 0.5000001, 1) }),
      trialKey(spec, facts, { ...content, block: { group: 64 } }),
      trialKey(spec, { ...facts, device: "webgpu" }, content),
      trialKey({ ...spec, method: "gptq" }, facts, content),
      trialKey({ ...spec, methodOptions: { damp: 0.01 } }, facts, content),
      trialKey({ ...spec, scope: "all" }, facts, content),
      trialKey({ ...spec, context: 128 }, facts, content),
      trialKey({ ...spec, limitWindows: 8 }, facts, content),
      trialKey({ ...spec, seed: 1 }, facts, content),
      trialKey({ ...spec, format: "fp32", method: "none" }, facts, null),
    ];
    assert.equal(new Set([key, ...others]).size, others.length + 1);
  });

  it("names the device unless it is the CPU, whose rows are those without one", () => {
    assert.equal(trialKey(spec, { ...facts, device: "cpu" }, content), key);
  });

  it("refuses an unresolved context and a format without content", () => {
    assert.throws(() => trialKey({ ...spec, context: null }, facts, content), TypeError);
    assert.throws(() => trialKey(spec, facts, null), TypeError);
    assert.throws(() => trialKey({ ...spec, format: "fp32" }, facts, content), TypeError);
  });
});
