import type { Format } from "../../../formats/index.ts";
import { UserError } from "../../../formats/index.ts";
import {
  constant,
  div,
  fakeQuantize,
  fakeQuantizeLearned,
  fakeQuantizeStatic,
  type Graph,
  matmul,
  mul,
  type RoundingGradient,
  reshape,
  swapLast,
  type Value,
} from "../../graph/index.ts";
import { requireFittable } from "../../graph/quantization/groupFit.ts";
import { hadamardRotation } from "../../hadamard/index.ts";
import type { ModelGraph } from "./architecture.ts";

/** How one range for all tokens is found on the calibration text: it reaches the extremes, or loses least by clipping. */
export type StaticRange = "absmax" | "mse";

/** `learned`: a recipe trained it with the weights, each layer its own. */
export type InputRange = StaticRange | "learned";

/** In which formats a model's activations and key–value cache are held as it runs; null is full precision. */
export interface RunningFormats {
  /** Of the input of every linear layer in scope, along its channels, each token by itself. */
  readonly activation: Format | null;
  /** How one range for all tokens was found; null where each token's scales are its own. */
  readonly range: InputRange | null;
  /** Of keys, after their rotation, and values: each head of each token by itself. */
  readonly cache: Format | null;
  /** Set where the cache is rounded as LLM-QAT does: the heads of a token together, before keys rotate. */
  readonly together?: boolean;
  /** Set where keys, after their own rotation, and values are turned by a random Hadamard matrix before they are rounded, and back. */
  readonly turnsCache?: boolean;
  /** Layers may rotate their inputs before these are rounded. */
  readonly rotates: boolean;
  /** Set where the head's input is rounded as those of the linear layers of the blocks. */
  readonly head?: boolean;
}

/** Names, beside those of weights, of what the input of a layer is divided by and rotated by before it is rounded. */
export const inputScales = (layer: string) => `${layer}:inputScales`;
export const inputRotation = (layer: string) => `${layer}:inputRotation`;
/** Its scale as the format stores it, where it has a static range. */
export const inputRange = (layer: string) => `${layer}:inputRange`;

/** Shapes of the tensors of `inputScales`, `inputRotation` and `inputRange` that a graph with these formats takes for each layer. */
export function inputShapes(
  layers: readonly { readonly name: string; readonly cols: number }[],
  { activation, rotates, range }: RunningFormats,
): Map<string, readonly number[]> {
  if (activation === null) return new Map();
  return new Map(
    layers.flatMap(({ name, cols }): [string, readonly number[]][] => [
      [inputScales(name), [cols]],
      ...(rotates ? [[inputRotation(name), [cols, cols]] as [string, readonly number[]]] : []),
      ...(range ? [[inputRange(name), [1]] as [string, readonly number[]]] : []),
    ]),
  );
}

/** Throws UserError for a format that a graph cannot round to, or in which a token's numbers would depend on others. */
export function requireRunnable(format: Format): void {
  requireFittable(format);
  if (format.group === "tensor")
    throw new UserError(
      `${format.id}: one scale for all tokens of a run would make each depend on the others; take a group along the channels, or row, or for activations static`,
    );
}

/** Scales of 1, and rotations by nothing, of the layers' inputs: what a method or a recipe may change. */
export function inputTransforms(
  layers: readonly { readonly name: string; readonly cols: number }[],
  running: RunningFormats,
): Map<string, Float32Array> {
  return new Map(
    [...inputShapes(layers, running)].map(([name, [size, columns]]) => [
      name,
      columns === undefined
        ? new Float32Array(size!).fill(1)
        : Float32Array.from({ length: size! * columns }, (_, i) => (i % (columns + 1) === 0 ? 1 : 0)),
    ]),
  );
}

/** Whether a layer's input is what a ReLU puts out, never below zero. */
export function isUnsigned({ nodes }: Graph, x: Value): boolean {
  return nodes.some(({ type, outputs }) => type === "Relu" && outputs[0] === x);
}

/** The projections to keys and to values, in architectures that keep them apart. */
const KEY_OR_VALUE = /\.[kv]_proj\.weight$/;

/** Throws UserError where heads are to be rounded together in a model whose projections to keys and values are fused. */
export function requireProjections(layers: readonly { readonly name: string }[], { together }: RunningFormats): void {
  if (together && !layers.some(({ name }) => KEY_OR_VALUE.test(name)))
    throw new UserError(
      "KV cache …@token: this model projects to queries, keys and values at once; take …@row, each head by itself",
    );
}

/** What turns heads of so many channels: every head alike, so that products of queries and keys could be. */
function rotationMatrix(width: number): Float64Array {
  const identity = Float64Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 1 : 0));
  return hadamardRotation(width, CACHE_SEED)!.apply(identity);
}

const CACHE_SEED = 0;

export interface RoundingOptions {
  /** What training takes the gradient of rounding for. */
  gradient?: RoundingGradient;
  /** Whether the weights hold `inputScales`; where not, as in training, s is 1. */
  transforms?: boolean;
}

/**
 * The hooks of a model's graph that round what runs through it. A layer sees s · Q(x / s · R) Rᵀ, s and R being its input's
 * scales and rotation: what a kernel computes that multiplies Q(x / s · R) by the weights W s R, since the weights here
 * are given with the inverse applied.
 */
export function roundingHooks(
  model: ModelGraph,
  running: RunningFormats,
  { gradient = "identity", transforms = true }: RoundingOptions = {},
): Pick<ModelGraph, "linearInput" | "linearHead" | "linearOutput" | "cached"> {
  const { graph, weight } = model;
  const { activation, cache, together = false, turnsCache = false, rotates, head = false, range } = running;
  // Layers that share an input share its scales.
  const rounded = new Map<string, Value>();
  const linearInput = (format: Format) => (layer: string, x: Value) => {
    const known = rotates || range === "learned" ? undefined : rounded.get(x.name);
    if (known) return known;
    const scales = transforms ? weight(inputScales(layer)) : null;
    const scaled = scales ? div(graph, x, scales) : x;
    const turn = rotates ? weight(inputRotation(layer)) : null;
    const turned = turn ? matmul(graph, scaled, turn) : scaled;
    const seen =
      range === "learned"
        ? fakeQuantizeLearned(graph, turned, weight(inputRange(layer)), { format, unsigned: isUnsigned(graph, turned) })
        : range
          ? fakeQuantizeStatic(graph, turned, weight(inputRange(layer)), format)
          : fakeQuantize(graph, turned, { format, gradient, apart: true });
    const back = turn ? matmul(graph, seen, swapLast(graph, turn)) : seen;
    const result = scales ? mul(graph, back, scales) : back;
    rounded.set(x.name, result);
    return result;
  };
  const turns = new Map<number, Value>();
  const turnOf = (width: number) => {
    const turn = turns.get(width) ?? constant(graph, Float32Array.from(rotationMatrix(width)), [width, width]);
    turns.set(width, turn);
    return turn;
  };
  const cached = (format: Format) => (_layer: number, _part: "key" | "value", x: Value) => {
    const [batch, heads, time, width] = x.shape as [number, number, number, number];
    const rows = reshape(graph, x, [batch * heads * time, width]);
    const turn = turnsCache ? turnOf(width) : null;
    const turned = turn ? matmul(graph, rows, turn) : rows;
    const seen = fakeQuantize(graph, turned, { format, gradient, apart: true });
    return reshape(graph, turn ? matmul(graph, seen, swapLast(graph, turn)) : seen, x.shape);
  };
  const projected = (format: Format) => (layer: string, y: Value) =>
    KEY_OR_VALUE.test(layer) ? fakeQuantize(graph, y, { format, gradient, apart: true }) : y;
  return {
    ...(activation ? { linearInput: linearInput(activation), linearHead: head } : {}),
    ...(cache && !together ? { cached: cached(cache) } : {}),
    ...(cache && together ? { linearOutput: projected(cache) } : {}),
  };
}
