import { createSession, type SessionOptions } from "../engine/session.ts";
import { createGraph, input, output } from "../graph/index.ts";
import { type ModelConfig, modelLogits } from "../model/architectures/index.ts";
import { tensorShapes } from "../model/index.ts";

/** A model to run: its config and every tensor of it by name. */
export interface Weighted {
  readonly config: ModelConfig;
  readonly weights: ReadonlyMap<string, Float32Array>;
}

const TOKENS = 64;

/**
 * By how much the logits of two models of one vocabulary differ on a window of random tokens: the root mean square of
 * the difference over that of the first model's logits. NaN where either diverges.
 */
export async function logitChange(
  before: Weighted,
  after: Weighted,
  engine: SessionOptions = {},
): Promise<{ change: number; tokens: number }> {
  const tokens = randomTokens(before.config, Math.min(TOKENS, before.config.maxPositionEmbeddings));
  const [a, b] = [await logitsOf(before, tokens, engine), await logitsOf(after, tokens, engine)];
  const rms = (x: Float32Array) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
  return { change: rms(b.map((value, i) => value - a[i]!)) / rms(a), tokens: tokens.length };
}

/** Token ids spread over the vocabulary by a full-period congruence. */
function randomTokens({ vocabSize }: ModelConfig, count: number): BigInt64Array {
  let state = 1;
  return BigInt64Array.from({ length: count }, () => {
    state = (state * 48271) % 0x7fffffff;
    return BigInt(state % vocabSize);
  });
}

/** Logits [tokens, vocab] of one window. */
async function logitsOf(
  { config, weights }: Weighted,
  tokens: BigInt64Array,
  engine: SessionOptions,
): Promise<Float32Array> {
  const graph = createGraph(engine.device);
  const ids = input(graph, "tokens", "int64", [tokens.length]);
  const shapes = tensorShapes(config);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  output(graph, "logits", modelLogits({ graph, tokens: ids, batch: 1, weight: (name) => values.get(name)! }, config));
  const session = await createSession(graph, engine);
  try {
    const feeds = Object.fromEntries([...shapes].map(([name, shape]) => [name, { data: weights.get(name)!, shape }]));
    const { logits } = await session.run({ ...feeds, tokens: { data: tokens, shape: [tokens.length] } });
    return logits as Float32Array;
  } finally {
    await session.release();
  }
}
