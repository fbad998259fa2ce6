import { UserError } from "../../formats/error.ts";
import { createSession, type HostTensor, type SessionOptions } from "../engine/session.ts";
import { attentionStep, createGraph, encode, input, output, size, type Value } from "../graph/index.ts";
import { type ModelConfig, type ModelGraph, modelLogits } from "../model/architectures/index.ts";

export interface DecoderOptions extends SessionOptions {
  /** Sequences decoded side by side. */
  batch: number;
  /** Tokens of the longest sequence. */
  length: number;
}

/** A model that reads one token of each sequence at a time and keeps keys and values of those before. */
export interface Decoder {
  readonly batch: number;
  readonly length: number;
  readonly vocabSize: number;
  /** Tokens read of each sequence since the last `reset`. */
  readonly position: number;
  /** Reads the next token of each sequence. Returns the logits [batch, vocab] of the one after; the array is used again. */
  step(weights: ReadonlyMap<string, Float32Array>, tokens: ArrayLike<number>): Promise<Float32Array>;
  /** Forgets all tokens. */
  reset(): void;
  release(): Promise<void>;
}

/** Keys and values of a batch beyond this would not fit beside the model on a small machine. */
const CACHE_BYTES_MAX = 4 * 1024 ** 3;

/** Large enough that exp underflows to 0, small enough not to overflow when added. */
const UNSEEN = -1e9;

/**
 * An incremental decoder of any architecture. The graph takes what is kept as inputs, read in place, and puts out only the
 * new keys and values, which the host files behind the others. Throws UserError where the cache would be too large or the
 * sequences longer than the model's positions.
 */
export async function createDecoder(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  { batch, length, ...options }: DecoderOptions,
): Promise<Decoder> {
  const graph = createGraph();
  const tokens = input(graph, "tokens", "int64", [batch]);
  const position = input(graph, "position", "int64", [1]);
  const distance = input(graph, "distance", "float32", [length]);
  const masks = new Map<number, Value>();
  const maskOf = (window: number) => {
    const mask = masks.get(window) ?? input(graph, `mask ${window}`, "float32", [length]);
    masks.set(window, mask);
    return mask;
  };
  const kept: { past: Value; fresh: string; shape: readonly number[] }[] = [];
  const keep = (name: string, x: Value) => {
    const [sequences, heads, , d] = x.shape as [number, number, number, number];
    const past = input(graph, `past ${name}`, "float32", [sequences, heads, length, d]);
    output(graph, `new ${name}`, x);
    kept.push({ past, fresh: `new ${name}`, shape: x.shape });
    return past;
  };
  const attention: ModelGraph["attention"] = (layer, [q, k, v], options) => {
    const [keys, values] = [keep(`key ${layer}`, k), keep(`value ${layer}`, v)];
    return attentionStep(graph, q, k, v, { keys, values, mask: maskOf(options.window ?? length), distance }, options);
  };
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const logits = modelLogits(
    { graph, tokens, batch, weight: (name) => values.get(name)!, step: { length, position }, attention },
    config,
  );
  output(graph, "logits", logits);
  const bytes = kept.reduce((sum, { past }) => sum + 4 * size(past.shape), 0);
  if (bytes > CACHE_BYTES_MAX)
    throw new UserError(
      `decoder: keys and values of ${batch} sequences of ${length} tokens take ${bytes} bytes, more than ${CACHE_BYTES_MAX}; decode fewer or shorter ones at a time`,
    );
  const session = await createSession(encode(graph), options);

  const state = {
    tokens: new BigInt64Array(batch),
    position: new BigInt64Array(1),
    distance: new Float32Array(length),
    masks: new Map([...masks.keys()].map((window) => [window, new Float32Array(length)])),
    logits: new Float32Array(batch * logits.shape[1]!),
  };
  const own: Record<string, HostTensor> = {
    tokens: { data: state.tokens, shape: [batch] },
    position: { data: state.position, shape: [1] },
    distance: { data: state.distance, shape: [length] },
  };
  for (const [window, data] of state.masks) own[`mask ${window}`] = { data, shape: [length] };
  const into: Record<string, HostTensor> = { logits: { data: state.logits, shape: logits.shape } };
  const caches = kept.map(({ past, fresh, shape }) => {
    const [old, made] = [new Float32Array(size(past.shape)), new Float32Array(size(shape))];
    own[past.name] = { data: old, shape: past.shape };
    into[fresh] = { data: made, shape };
    return { old, made, width: shape[3]! };
  });
  let at = 0;
  return {
    batch,
    length,
    vocabSize: logits.shape[1]!,
    get position() {
      return at;
    },
    async step(weights, next) {
      if (at >= length) throw new Error(`internal: a decoder of ${length} tokens was asked for one more`);
      state.position[0] = BigInt(at);
      for (let i = 0; i < batch; i++) state.tokens[i] = BigInt(next[i]!);
      for (let j = 0; j < length; j++) state.distance[j] = j - at;
      for (const [window, mask] of state.masks) {
        for (let j = 0; j < length; j++) mask[j] = j < at && j > at - window ? 0 : UNSEEN;
      }
      const feeds = { ...own };
      for (const [name, shape] of shapes) feeds[name] = { data: weights.get(name)!, shape };
      await session.run(feeds, into);
      for (const { old, made, width } of caches) {
        for (let from = 0, row = at; from < made.length; from += width, row += length) {
          old.set(made.subarray(from, from + width), row * width);
        }
      }
      at++;
      return state.logits;
    },
    reset() {
      at = 0;
    },
    release: () => session.release(),
  };
}
