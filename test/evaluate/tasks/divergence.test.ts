import assert from "node:assert/strict";
import { evaluateModel } from "../../../evaluate/evaluate.ts";
import { taskById, type WindowDivergences } from "../../../evaluate/tasks/index.ts";

describe("kl", () => {
  const encode = (text: string) => [...Buffer.from(text)];
  const text = { kind: "text" as const, text: "abcdef" };
  const inputs = { data: text, prefix: null, encode, context: 3, limitWindows: null };
  const data = taskById("kl").prepare({ task: "kl", source: "a.txt" }, inputs);
  const measure = (divergences: WindowDivergences) =>
    data.measure({
      windows: () => Promise.reject(new Error("not asked for")),
      continuations: () => Promise.reject(new Error("not asked for")),
      remember: () => Promise.reject(new Error("not asked for")),
      divergences: async () => divergences,
    });

  it("means over windows with σ, the 99.9th percentile over tokens, and the share of the same top", async () => {
    const { metrics, perplexity } = await measure({
      nll: Float32Array.of(1, 3, 2, 2),
      change: Float32Array.of(-2, 0.5, -0.25, 0),
      kl: Float32Array.of(0.25, 0.75, 1, 2),
      same: Uint8Array.of(1, 1, 0, 1),
    });
    assert.equal(data.protocol, "kl-windows-3");
    assert.deepEqual(metrics!.kl, { value: 1, sigma: 0.5, examples: [0.5, 1.5] });
    assert.deepEqual(metrics!.kl_p999, { value: 2, sigma: null });
    assert.deepEqual(
      ["001", "050", "500", "950", "999"].map((share) => metrics![`dlnp_p${share}`]!.value),
      [-2, -2, -0.25, 0.5, 0.5],
    );
    assert.deepEqual(metrics!.same_top, { value: 0.75, sigma: 0.25, examples: [1, 0.5] });
    assert.ok(Math.abs(perplexity! - Math.exp(2)) < 1e-12);
  });

  it("is null with a reason where the format diverges", async () => {
    const nan = Float32Array.of(Number.NaN, 1, 1, 1);
    const { metrics, perplexity, windowLoss } = await measure({
      nll: nan,
      change: nan,
      kl: nan,
      same: Uint8Array.of(0, 0, 0, 0),
    });
    assert.deepEqual([perplexity, windowLoss], [null, []]);
    for (const { value, reason } of Object.values(metrics!)) {
      assert.equal(value, null);
      assert.match(reason!, /divergent/);
    }
  });

  it("has the perplexity of the perplexity task, is zero for the model itself and grows as bits shrink", async () => {
    const given = { model: "reference", method: "rtn", context: 32, limitWindows: 16, threads: 1 };
    const [plain] = await evaluateModel({ ...given, format: null, task: "perplexity:reference" });
    const [own, coarse] = await evaluateModel({ ...given, format: "int3@g32", task: "kl:reference" });
    const [, fine] = await evaluateModel({ ...given, format: "int8@g32", task: "kl:reference" });
    assert.ok(Math.abs(own!.perplexity! / plain!.perplexity! - 1) < 1e-6);
    assert.deepEqual([own!.metrics!.kl!.value, own!.metrics!.same_top!.value], [0, 1]);
    assert.ok(fine!.metrics!.kl!.value! > 0);
    assert.ok(coarse!.metrics!.kl!.value! > 100 * fine!.metrics!.kl!.value!);
    assert.ok(coarse!.metrics!.same_top!.value! < fine!.metrics!.same_top!.value!);
  });
});
