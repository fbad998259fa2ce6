import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createSession } from "../../../evaluate/engine/session.ts";
import { createDecoder } from "../../../evaluate/generate/decoder.ts";
import { createGraph, encode, input, output } from "../../../evaluate/graph/index.ts";
import { modelLogits } from "../../../evaluate/model/architectures/index.ts";
import { packageRoot, tensorShapes } from "../../../evaluate/model/index.ts";
import { readModel } from "../tinyModel.ts";

const golden = join(packageRoot(), "test", "golden");
const models = readdirSync(golden).filter((name) => name.startsWith("tiny-"));

function load(dir: string) {
  return readModel(dir);
}

describe("createDecoder", () => {
  const [batch, time] = [2, 12];
  for (const model of models) {
    it(`gives ${model} the logits of whole windows, token by token, and again after a reset`, async () => {
      const { config, weights } = load(join(golden, model));
      const shapes = tensorShapes(config);
      const ids = Array.from({ length: batch * time }, (_, i) => (i * 7 + 3) % config.vocabSize);
      const graph = createGraph();
      const tokens = input(graph, "tokens", "int64", [batch * time]);
      const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
      output(graph, "logits", modelLogits({ graph, tokens, batch, weight: (name) => values.get(name)! }, config));
      const session = await createSession(encode(graph));
      const feeds = Object.fromEntries([...shapes].map(([name, shape]) => [name, { data: weights.get(name)!, shape }]));
      const data = BigInt64Array.from(ids, BigInt);
      const whole = (await session.run({ ...feeds, tokens: { data, shape: [batch * time] } })).logits as Float32Array;
      await session.release();

      const decoder = await createDecoder(config, shapes, { batch, length: time });
      const { vocabSize } = decoder;
      for (let round = 0; round < 2; round++) {
        for (let t = 0; t < time; t++) {
          assert.equal(decoder.position, t);
          const logits = await decoder.step(weights, [ids[t]!, ids[time + t]!]);
          for (let b = 0; b < batch; b++) {
            for (let v = 0; v < vocabSize; v++) {
              const [actual, expected] = [logits[b * vocabSize + v]!, whole[(b * time + t) * vocabSize + v]!];
              assert.ok(
                Math.abs(actual - expected) <= 2e-5 * Math.max(1, Math.abs(expected)),
                `${b} ${t} ${v}: ${actual} against ${expected}`,
              );
            }
          }
        }
        decoder.reset();
      }
      await decoder.release();
    });
  }

  it("names what a cache that does not fit would take", async () => {
    const { config } = load(join(golden, "tiny-llama-tied"));
    await assert.rejects(createDecoder(config, tensorShapes(config), { batch: 2 ** 20, length: 32 }), {
      name: "UserError",
      message: /decoder: keys and values of 1048576 sequences of 32 tokens take \d+ bytes/,
    });
  });
});
