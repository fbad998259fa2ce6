import assert from "node:assert/strict";
import { join } from "node:path";
import { createSession, type HostTensor } from "../../../../evaluate/engine/session.ts";
import {
  createGraph,
  encode,
  gradients,
  input,
  meanAll,
  mul,
  output,
  type RoundingGradient,
  type Value,
} from "../../../../evaluate/graph/index.ts";
import { hadamardRotation } from "../../../../evaluate/hadamard/index.ts";
import { modelLogits } from "../../../../evaluate/model/architectures/index.ts";
import {
  inputRange,
  inputRotation,
  inputScales,
  inputShapes,
  type RunningFormats,
  requireProjections,
  requireRunnable,
  roundingHooks,
} from "../../../../evaluate/model/architectures/runningFormats.ts";
import { linearLayers, packageRoot, tensorShapes } from "../../../../evaluate/model/index.ts";
import { fakeQuantize, parseFormat, UserError } from "../../../../formats/index.ts";
import { uniforms } from "../../../random.ts";
import { readModel } from "../../tinyModel.ts";

const dir = join(packageRoot(), "test", "golden", "tiny-llama-bias");
const { config, weights } = readModel(dir);
const layers = linearLayers(config);
/** Two windows of five tokens. */
const [BATCH, TIME] = [2, 5];
const tokenIds = BigInt64Array.from({ length: BATCH * TIME }, (_, i) => BigInt((7 * i + 3) % config.vocabSize));

interface Run {
  logits: Float32Array;
  /** What each layer, and each cache, was given, and what it made of it. */
  before: Map<string, Float32Array>;
  after: Map<string, Float32Array>;
}

/** The model in these formats, its inputs divided and rotated by the given arrays, or by 1. */
async function run(formats: Partial<RunningFormats>, given = new Map<string, Float32Array>()): Promise<Run> {
  const running: RunningFormats = { activation: null, range: null, cache: null, rotates: false, ...formats };
  const shapes = new Map([...tensorShapes(config), ...inputShapes(layers, running)]);
  const graph = createGraph();
  const tokens = input(graph, "tokens", "int64", [BATCH * TIME]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const model = { graph, tokens, batch: BATCH, weight: (name: string) => values.get(name)! };
  const hooks = roundingHooks(model, running);
  const seen = new Map<string, [Value, Value]>();
  const watched = (name: string, x: Value, y: Value): Value => {
    seen.set(name, [x, y]);
    return y;
  };
  const logits = modelLogits(
    {
      ...model,
      ...hooks,
      linearInput: (name, x) => watched(name, x, hooks.linearInput?.(name, x) ?? x),
      cached: (layer, part, x) => watched(`${layer} ${part}`, x, hooks.cached?.(layer, part, x) ?? x),
    },
    config,
  );
  output(graph, "logits", logits);
  for (const [name, [x, y]] of seen) {
    output(graph, `before ${name}`, x);
    output(graph, `after ${name}`, y);
  }
  const session = await createSession(encode(graph), { threads: 1 });
  const feeds: Record<string, HostTensor> = { tokens: { data: tokenIds, shape: [BATCH * TIME] } };
  for (const [name, shape] of shapes) {
    const ones = () => new Float32Array(shape[0]! * (shape[1] ?? 1)).fill(1);
    feeds[name] = { data: given.get(name) ?? weights.get(name) ?? ones(), shape };
  }
  const results = await session.run(feeds);
  await session.release();
  const pick = (prefix: string) =>
    new Map([...seen.keys()].map((name) => [name, results[`${prefix} ${name}`] as Float32Array]));
  return { logits: results.logits as Float32Array, before: pick("before"), after: pick("after") };
}

function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below === 0.5) return below % 2 === 0 ? below : below + 1;
  return Math.round(x);
}

/** Every row by itself, on the host. */
function rounded(x: Float32Array, cols: number, id: string): Float32Array {
  const out = new Float32Array(x.length);
  for (let at = 0; at < x.length; at += cols)
    fakeQuantize(x.subarray(at, at + cols), 1, cols, parseFormat(id), out.subarray(at, at + cols), {
      oversizeGroup: "row",
    });
  return out;
}

describe("a model whose activations and cache are rounded", () => {
  it("gives each layer its input as the host kernel rounds it, token by token", async () => {
    for (const id of ["int4@row", "e2m1+sr@g8", "nvfp4", "mxfp4"]) {
      const { before, after } = await run({ activation: parseFormat(id) });
      for (const { name, cols } of layers)
        assert.deepEqual(after.get(name), rounded(before.get(name)!, cols, id), name);
    }
  });

  it("rounds keys after their rotation and values, each head of each token by itself", async () => {
    const { before, after } = await run({ cache: parseFormat("int4@row") });
    for (let layer = 0; layer < config.numLayers; layer++)
      for (const part of ["key", "value"]) {
        const name = `${layer} ${part}`;
        assert.deepEqual(after.get(name), rounded(before.get(name)!, config.headDim, "int4@row"), name);
      }
  });

  it("turns each head by a Hadamard matrix before it is rounded, and back, where asked to", async () => {
    const { before, after } = await run({ cache: parseFormat("int4@row"), turnsCache: true });
    const rotation = hadamardRotation(config.headDim, 0)!;
    for (const part of ["key", "value"]) {
      const turned = rounded(rotation.apply(before.get(`0 ${part}`)!.slice()), config.headDim, "int4@row");
      const expected = rotation.apply(turned, true);
      for (const [i, x] of after.get(`0 ${part}`)!.entries()) assert.ok(Math.abs(x - expected[i]!) < 1e-5, part);
    }
  });

  it("rounds the heads of a token together before keys rotate, as LLM-QAT does", async () => {
    const plain = await run({});
    const { before } = await run({ cache: parseFormat("int4@row"), together: true });
    // [batch, heads, time, headDim] of the first block, whose inputs are the same, as rows of one token.
    const { headDim } = config;
    const heads = layers[1]!.rows / headDim;
    const rows = (x: Float32Array) =>
      Float32Array.from({ length: x.length }, (_, i) => {
        const [b, t] = [Math.floor(i / (TIME * heads * headDim)), Math.floor(i / (heads * headDim)) % TIME];
        const [h, d] = [Math.floor(i / headDim) % heads, i % headDim];
        return x[((b * heads + h) * TIME + t) * headDim + d]!;
      });
    const expected = rounded(rows(plain.before.get("0 value")!), heads * headDim, "int4@row");
    assert.deepEqual(rows(before.get("0 value")!), expected);
    assert.ok(heads > 1);
    assert.notDeepEqual(before.get("0 key"), plain.before.get("0 key"));
  });

  it("divides an input by its scales before it is rounded, and multiplies afterwards", async () => {
    const uniform = uniforms(5);
    const scales = new Map(
      layers.map(({ name, cols }) => [inputScales(name), Float32Array.from({ length: cols }, () => 0.5 + uniform())]),
    );
    // Layers that share an input share its scales: those of the first.
    const { before, after } = await run({ activation: parseFormat("sf4@row") }, scales);
    for (const [first, cols] of [
      ["model.layers.0.self_attn.q_proj.weight", config.hiddenSize],
      ["model.layers.1.self_attn.o_proj.weight", config.numHeads * config.headDim],
    ] as const) {
      const s = scales.get(inputScales(first))!;
      const divided = before.get(first)!.map((x, i) => x / s[i % cols]!);
      const expected = rounded(divided, cols, "sf4@row").map((x, i) => x * s[i % cols]!);
      assert.deepEqual(after.get(first), expected);
    }
  });

  it("rotates an input before it is rounded, and back: in a fine format the logits stay", async () => {
    const rotations = new Map(
      layers.map(({ name, cols }) => {
        const identity = Float32Array.from({ length: cols * cols }, (_, i) => (i % (cols + 1) === 0 ? 1 : 0));
        return [inputRotation(name), hadamardRotation(cols, 3)!.apply(identity)];
      }),
    );
    const plain = await run({});
    const fine = await run({ activation: parseFormat("int8@g8:fp32"), rotates: true }, rotations);
    const coarse = await run({ activation: parseFormat("int2@row"), rotates: true }, rotations);
    const apart = (a: Run) => Math.max(...a.logits.map((x, i) => Math.abs(x - plain.logits[i]!)));
    const size = Math.max(...plain.logits.map(Math.abs));
    assert.ok(apart(fine) < 0.02 * size, `${apart(fine)} of ${size}`);
    assert.ok(apart(coarse) > 0.1 * size, `${apart(coarse)} of ${size}`);
    // Rounded as rotated: on the grid there, not here.
    const { name, cols } = layers[0]!;
    const rotation = hadamardRotation(cols, 3)!;
    const there = rotation.apply(coarse.after.get(name)!.slice(0, cols));
    const levels = new Set([...there].map((x) => Math.round(x * 1e4)));
    assert.ok(levels.size <= 3, `${levels.size} levels of int2`);
  });

  it("rounds with a static scale that is given, saturating beyond it", async () => {
    const given = new Map(layers.map(({ name }) => [inputRange(name), Float32Array.of(0.125)]));
    const format = parseFormat("int4@tensor");
    const { before, after } = await run({ activation: format, range: "mse" }, given);
    const { name } = layers.at(-1)!;
    const expected = before.get(name)!.map((x) => Math.max(-7, Math.min(7, roundHalfEven(x / 0.125))) * 0.125 + 0);
    assert.deepEqual(after.get(name), expected);
    assert.ok(before.get(layers[0]!.name)!.some((x) => Math.abs(x) > 0.125 * 7.5));
  });

  it("has the gradient that training asks for, and does without scales there", async () => {
    const gradientOf = async (gradient: RoundingGradient) => {
      const graph = createGraph();
      const tokens = input(graph, "tokens", "int64", [BATCH * TIME]);
      const shapes = tensorShapes(config);
      const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
      const model = { graph, tokens, batch: BATCH, weight: (name: string) => values.get(name)! };
      const running = { activation: parseFormat("int8@row"), range: null, cache: null, rotates: false };
      const hooks = roundingHooks(model, running, { gradient, transforms: false });
      const logits = modelLogits({ ...model, ...hooks }, config);
      // The norm's weight reaches the logits through rounded inputs alone.
      const norm = values.get("model.layers.1.input_layernorm.weight")!;
      output(graph, "d", gradients(graph, meanAll(graph, mul(graph, logits, logits)), [norm])[0]!);
      const session = await createSession(encode(graph), { threads: 1 });
      const feeds: Record<string, HostTensor> = { tokens: { data: tokenIds, shape: [BATCH * TIME] } };
      for (const [name, shape] of shapes) feeds[name] = { data: weights.get(name)!, shape };
      const { d } = await session.run(feeds);
      await session.release();
      return d as Float32Array;
    };
    const identity = await gradientOf("identity");
    assert.ok(identity.every((g) => g !== 0));
    // Nothing saturates under absmax; nothing passes a box of no size.
    assert.deepEqual(await gradientOf("clipped"), identity);
    assert.ok((await gradientOf({ box: 0 })).every((g) => g === 0));
  });

  it("refuses to round heads together where queries, keys and values are one projection", () => {
    const running = { activation: null, range: null, cache: parseFormat("int4@row"), rotates: false, together: true };
    requireProjections(layers, running);
    assert.throws(
      () => requireProjections([{ name: "h.0.attn.c_attn.weight" }], running),
      /@token: this model projects/,
    );
  });

  it("refuses formats that a graph cannot fit, or that would join tokens, in one line", () => {
    for (const [id, why] of [
      ["olive4", /olive layout/],
      ["int8@tensor", /all tokens of a run/],
      ["ant4", /300 fits/],
    ] as const)
      assert.throws(
        () => requireRunnable(parseFormat(id)),
        (error) => error instanceof UserError && why.test(error.message) && !error.message.includes("\n"),
      );
  });
});
