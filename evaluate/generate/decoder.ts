import { UserError } from "../../formats/error.ts";
import { createResidence, holdsState, type Residence, type Resident } from "../engine/residence.ts";
import { createSession, type DeviceTensor, type HostTensor, type SessionOptions } from "../engine/session.ts";
import { attentionStep, createGraph, input, output, size, type Value } from "../graph/index.ts";
import { nodes } from "../graph/quantization/nodes.ts";
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
  /**
   * Reads the next token of each sequence. Returns the logits [batch, vocab] of the one after; the array is used again.
   * Weights are seen as they are when a map is first given.
   */
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
 * An incremental decoder of any architecture. The graph takes what is kept as inputs. Where a device can hold it (WebGPU), the
 * graph files the new keys and values among them and nothing of it leaves; elsewhere it is read in place, and the host
 * files what is new. Throws UserError where the cache would be too large or the
 * sequences longer than the model's positions.
 */
export async function createDecoder(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  { batch, length, ...options }: DecoderOptions,
): Promise<Decoder> {
  const stays = holdsState(options);
  const graph = createGraph(options.device);
  const tokens = input(graph, "tokens", "int64", [batch]);
  const position = input(graph, "position", "int64", [1]);
  const distance = input(graph, "distance", "float32", [length]);
  const masks = new Map<number, Value>();
  const maskOf = (window: number) => {
    const mask = masks.get(window) ?? input(graph, `mask ${window}`, "float32", [length]);
    masks.set(window, mask);
    return mask;
  };
  const n = nodes(graph);
  // 1 at the new token's place, 0 elsewhere.
  const here = stays ? n.greater(input(graph, "here", "float32", [length, 1]), 0) : null;
  const kept: Kept[] = [];
  const keep = (name: string, x: Value) => {
    const [sequences, heads, , d] = x.shape as [number, number, number, number];
    const past = input(graph, `past ${name}`, "float32", [sequences, heads, length, d]);
    output(graph, `new ${name}`, here ? n.where(here, x, past) : x);
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
  const session = await createSession(graph, options, stays ? kept.map(({ fresh }) => fresh) : []);
  const residence = createResidence(options);
  let model: { weights: ReadonlyMap<string, Float32Array>; placed: Resident } | null = null;
  const placedOf = async (weights: ReadonlyMap<string, Float32Array>) => {
    if (model?.weights === weights) return model.placed.feeds;
    model?.placed.free();
    model = null;
    model = { weights, placed: await residence.place(weights, shapes) };
    return model.placed.feeds;
  };

  const state = {
    tokens: new BigInt64Array(batch),
    position: new BigInt64Array(1),
    distance: new Float32Array(length),
    here: new Float32Array(length),
    masks: new Map([...masks.keys()].map((window) => [window, new Float32Array(length)])),
    logits: new Float32Array(batch * logits.shape[1]!),
  };
  const own: Record<string, HostTensor> = {
    tokens: { data: state.tokens, shape: [batch] },
    position: { data: state.position, shape: [1] },
    distance: { data: state.distance, shape: [length] },
    here: { data: state.here, shape: [length, 1] },
  };
  for (const [window, data] of state.masks) own[`mask ${window}`] = { data, shape: [length] };
  const into: Record<string, HostTensor> = { logits: { data: state.logits, shape: logits.shape } };
  const cache = stays ? await deviceCache(kept, residence) : hostCache(kept, length);
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
      for (let j = 0; j < length; j++) {
        state.distance[j] = j - at;
        state.here[j] = j === at ? 1 : 0;
      }
      for (const [window, mask] of state.masks) {
        for (let j = 0; j < length; j++) mask[j] = j < at && j > at - window ? 0 : UNSEEN;
      }
      const feeds = { ...own, ...cache.feeds(), ...(await placedOf(weights)) };
      const made = await session.runKeeping(feeds, { ...into, ...cache.into });
      cache.file(made.kept, at);
      at++;
      return state.logits;
    },
    reset() {
      at = 0;
    },
    async release() {
      model?.placed.free();
      cache.free();
      await session.release();
      await residence.release();
    },
  };
}

interface Kept {
  readonly past: Value;
  /** The output with what is new, or with all. */
  readonly fresh: string;
  /** Of what is new: [batch, kv, 1, d]. */
  readonly shape: readonly number[];
}

/** Keys and values of the tokens so far. What lies behind the last is hidden by the masks. */
interface Cache {
  feeds(): Record<string, HostTensor | DeviceTensor>;
  readonly into: Record<string, HostTensor>;
  /** Takes in what a run made of the token at a position. */
  file(made: Record<string, DeviceTensor>, at: number): void;
  free(): void;
}

function hostCache(kept: readonly Kept[], length: number): Cache {
  const parts = kept.map(({ past, fresh, shape }) => ({
    name: past.name,
    fresh,
    old: { data: new Float32Array(size(past.shape)), shape: past.shape },
    made: { data: new Float32Array(size(shape)), shape },
  }));
  return {
    feeds: () => Object.fromEntries(parts.map(({ name, old }) => [name, old])),
    into: Object.fromEntries(parts.map(({ fresh, made }) => [fresh, made])),
    file(_, at) {
      for (const { old, made } of parts) {
        const width = made.shape[3]!;
        for (let from = 0, row = at; from < made.data.length; from += width, row += length)
          old.data.set(made.data.subarray(from, from + width), row * width);
      }
    },
    free() {},
  };
}

async function deviceCache(kept: readonly Kept[], residence: Residence): Promise<Cache> {
  const shapes = new Map(kept.map(({ past }) => [past.name, past.shape]));
  const zeros = new Map([...shapes].map(([name, shape]) => [name, new Float32Array(size(shape))]));
  let current = (await residence.place(zeros, shapes)).feeds as Record<string, DeviceTensor>;
  const free = () => {
    for (const tensor of Object.values(current)) tensor.free();
  };
  return {
    feeds: () => current,
    into: {},
    file(made) {
      free();
      current = Object.fromEntries(kept.map(({ past, fresh }) => [past.name, made[fresh]!]));
    },
    free,
  };
}
