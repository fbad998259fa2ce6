/** @file Rotary positions (Su et al. 2021): the config fields that set their frequencies, and the tables of a graph. */
import { UserError } from "../../../formats/error.ts";
import { constant, embedding, type Value } from "../../graph/index.ts";
import { describe, type JsonFields } from "../jsonFields.ts";
import type { ModelGraph } from "./architecture.ts";
import { MAX_POSITIONS } from "./configFields.ts";

const MAX_ROPE_THETA = 1e12;
const MAX_ROPE_FACTOR = 1e6;

/** The frequency rescaling of Llama 3.1 (transformers, modeling_rope_utils.py, _compute_llama3_parameters). */
export interface Llama3RopeScaling {
  readonly type: "llama3";
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalMaxPositionEmbeddings: number;
}

export interface RopeConfig {
  readonly ropeTheta: number;
  readonly ropeScaling: Llama3RopeScaling | null;
}

/**
 * rope_theta (under the name `thetaKey`) and rope_scaling. transformers 5 moves both into rope_parameters; a file may
 * hold both if they agree.
 */
export function readRope(fields: JsonFields, thetaKey = "rope_theta"): RopeConfig {
  const perKind = ["full_attention", "sliding_attention"].find((kind) => fields.object("rope_parameters")?.has(kind));
  if (perKind !== undefined) {
    throw new UserError(`${fields.path}: rope_parameters for each kind of block (${perKind}) are not supported`);
  }
  return { ropeTheta: readTheta(fields, thetaKey), ropeScaling: readScaling(fields) };
}

function readTheta(fields: JsonFields, key: string): number {
  const outer = fields.number(key, 1, MAX_ROPE_THETA, 10_000);
  const inner = fields.object("rope_parameters")?.number("rope_theta", 1, MAX_ROPE_THETA, outer) ?? outer;
  if (fields.has(key) && inner !== outer) {
    throw new UserError(`${fields.path}: ${key} is ${outer} but rope_parameters.rope_theta is ${inner}`);
  }
  return inner;
}

function readScaling(fields: JsonFields): Llama3RopeScaling | null {
  const scaling = fields.object("rope_scaling") ?? fields.object("rope_parameters");
  if (scaling === null) return null;
  const type = scaling.text("rope_type") ?? scaling.text("type") ?? "default";
  if (type === "default") return null;
  if (type !== "llama3") {
    throw new UserError(`${fields.path}: rope scaling ${describe(type)} is not supported; supported: default, llama3`);
  }
  const lowFreqFactor = scaling.number("low_freq_factor", Number.MIN_VALUE, MAX_ROPE_FACTOR);
  const highFreqFactor = scaling.number("high_freq_factor", Number.MIN_VALUE, MAX_ROPE_FACTOR);
  if (highFreqFactor <= lowFreqFactor) {
    throw new UserError(
      `${fields.path}: high_freq_factor ${highFreqFactor} must exceed low_freq_factor ${lowFreqFactor}`,
    );
  }
  return {
    type: "llama3",
    factor: scaling.number("factor", 1, MAX_ROPE_FACTOR),
    lowFreqFactor,
    highFreqFactor,
    originalMaxPositionEmbeddings: scaling.integer("original_max_position_embeddings", 1, MAX_POSITIONS),
  };
}

/** The share of each head that rotates, under the name `key` or in rope_parameters. */
export function readRotaryShare(fields: JsonFields, key: string, fallback: number): number {
  const outer = fields.number(key, 0, 1, fallback);
  const inner = fields.object("rope_parameters")?.number("partial_rotary_factor", 0, 1, outer) ?? outer;
  if (fields.has(key) && inner !== outer) {
    throw new UserError(`${fields.path}: ${key} is ${outer} but rope_parameters.partial_rotary_factor is ${inner}`);
  }
  return inner;
}

/** Dimensions of a head that rotate: the share, rounded down as transformers does. Throws UserError when it is odd or 0. */
export function rotaryDimensions(fields: JsonFields, headDim: number, share = 1): number {
  const dimensions = Math.floor(headDim * share);
  if (share === 1 && headDim % 2 !== 0) {
    throw new UserError(`${fields.path}: head_dim ${headDim} is odd; rotary positions need pairs`);
  }
  if (dimensions === 0 || dimensions % 2 !== 0) {
    const made = `${dimensions} of ${headDim} dimensions of a head`;
    throw new UserError(`${fields.path}: ${made} would rotate; rotary positions need pairs`);
  }
  return dimensions;
}

/** Angle per position of each pair of `dimensions`, in radians; with Llama 3's wavelength-dependent scaling where asked for. */
export function ropeFrequencies({ ropeTheta, ropeScaling }: RopeConfig, dimensions: number): Float64Array {
  const half = dimensions / 2;
  return Float64Array.from({ length: half }, (_, i) => {
    const frequency = ropeTheta ** (-i / half);
    if (!ropeScaling) return frequency;
    const wavelength = (2 * Math.PI) / frequency;
    const { factor, lowFreqFactor: low, highFreqFactor: high, originalMaxPositionEmbeddings: original } = ropeScaling;
    if (wavelength < original / high) return frequency;
    if (wavelength > original / low) return frequency / factor;
    const smooth = (original / wavelength - low) / (high - low);
    return (1 - smooth) * (frequency / factor) + smooth * frequency;
  });
}

/** Cosines and sines [time, dimensions/2] of the angles, in the type of `like`; in a step those of the token's position. */
export function ropeTables(
  { graph, tokens, batch, step }: ModelGraph,
  config: RopeConfig,
  dimensions: number,
  like: Value,
): readonly [cos: Value, sin: Value] {
  const time = step?.length ?? tokens.shape[0]! / batch;
  const frequencies = ropeFrequencies(config, dimensions);
  const table = (f: (angle: number) => number) => {
    const data = Array.from({ length: time * frequencies.length }, (_, i) =>
      f(Math.floor(i / frequencies.length) * frequencies[i % frequencies.length]!),
    );
    const shape = [time, frequencies.length];
    const all = constant(graph, like.type === "float64" ? Float64Array.from(data) : Float32Array.from(data), shape);
    return step ? embedding(graph, all, step.position) : all;
  };
  return [table(Math.cos), table(Math.sin)];
}
