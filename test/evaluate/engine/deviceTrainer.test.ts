import assert from "node:assert/strict";
import { adamwDefaults } from "../../../evaluate/engine/adamw.ts";
import { createDeviceTrainer } from "../../../evaluate/engine/deviceTrainer.ts";
import { createTrainer } from "../../../evaluate/engine/trainer.ts";
import { createGraph, crossEntropy, input, meanAll, type Value } from "../../../evaluate/graph/index.ts";
import { modelLogits } from "../../../evaluate/model/architectures/index.ts";
import { tinyModel } from "../tinyModel.ts";

const [BATCH, TIME] = [2, 8];
const optimizer = { optimizer: adamwDefaults, clipNorm: 1, decays: (name: string) => !name.includes("norm") };

function model() {
  const { config, shapes, weights } = tinyModel();
  const graph = createGraph();
  const parameters = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const [tokens, labels] = ["tokens", "labels"].map((name) => input(graph, name, "int64", [BATCH * TIME])) as [
    Value,
    Value,
  ];
  const logits = modelLogits({ graph, tokens, batch: BATCH, weight: (name) => parameters.get(name)! }, config);
  const loss = meanAll(graph, crossEntropy(graph, logits, labels));
  const feeds = (k: number) => {
    const ids = (shift: number) => ({
      data: BigInt64Array.from({ length: BATCH * TIME }, (_, i) =>
        BigInt((i * i + 7 * k + 5 * shift) % config.vocabSize),
      ),
      shape: [BATCH * TIME],
    });
    return { tokens: ids(0), labels: ids(1) };
  };
  return { graph, loss, parameters: [...parameters.values()], weights, feeds };
}

describe("training in a Loop", () => {
  it("makes the losses, norms and weights of single steps on the host, whatever their number in a run", async () => {
    const one = model();
    const host = await createTrainer(one.graph, one.loss, one.parameters, one.weights, optimizer);
    const expected = [];
    for (let k = 0; k < 5; k++) expected.push(await host.step(one.feeds(k), 1e-2));
    await host.release();

    const { graph, loss, parameters, weights, feeds } = model();
    const options = { ...optimizer, loop: true };
    const trainer = await createDeviceTrainer(graph, loss, {}, parameters, weights, new Map(), options);
    const steps = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => ({ feeds: feeds(from + i), rate: 1e-2 }));
    const results = [...(await trainer.run(steps(0, 3))), ...(await trainer.run(steps(3, 5)))];
    await trainer.sync();
    await trainer.release();
    assert.equal(trainer.state.step, 5);
    for (const [k, { loss, gradNorm }] of results.entries()) {
      assert.ok(Math.abs(loss - expected[k]!.loss) < 1e-5, `step ${k}: ${loss} against ${expected[k]!.loss}`);
      assert.ok(Math.abs(gradNorm - expected[k]!.gradNorm) < 1e-4, `norm ${k}`);
    }
    for (const [name, data] of weights)
      for (const [i, w] of data.entries())
        assert.ok(Math.abs(w - one.weights.get(name)![i]!) < 1e-4, `${name}[${i}]: ${w}`);
  });

  it("leaves weights and count as they were before a run in which a step diverges", async () => {
    const { graph, loss, parameters, weights, feeds } = model();
    const before = new Map([...weights].map(([name, data]) => [name, data.slice()]));
    const trainer = await createDeviceTrainer(graph, loss, {}, parameters, weights, new Map(), {
      ...optimizer,
      loop: true,
    });
    await assert.rejects(
      trainer.run([
        { feeds: feeds(0), rate: 1e-2 },
        { feeds: feeds(1), rate: Number.NaN },
        { feeds: feeds(2), rate: 1e-2 },
      ]),
      /diverged after step 0: loss is NaN/,
    );
    await trainer.release();
    assert.equal(trainer.state.step, 0);
    for (const [name, data] of weights) assert.deepEqual(data, before.get(name));
  });
});
