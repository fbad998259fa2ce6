import { type GroupSpan, groupsOf } from "./grid.ts";
import { neighbours } from "./neighbours.ts";
import type { BlockOfLayers, BlockRoundingPart, Layer, Rounded } from "./part.ts";

const ITERATIONS = 200;
/** States that are compared over the whole text: each costs a walk of it through the block. */
const CHECKS = 5;
/** Windows of a step, or as many as one run of the engine takes (2048 tokens) if that is more. The paper has 8 of 2048 tokens. */
const BATCH = 1;

/** A layer on its way: of each weight the two levels about it and V, of each group the share of its range. */
interface Tuned {
  readonly layer: Layer;
  readonly spans: readonly GroupSpan[];
  readonly shift: Float32Array;
  readonly share: Float32Array;
  readonly nearest: Float32Array;
  readonly other: Float32Array;
  /** The share for which the two hold. */
  readonly fitted: Float32Array;
}

/**
 * AutoRound (Cheng et al. 2024) on any grid: V ∈ [−½, ½] is added to each weight's place among the levels before it is
 * rounded, and each group's grid is fitted to α times its weights, α ≤ 1 (one factor; the paper has one for either end,
 * which symmetric formats do not tell apart). Both follow the sign of the gradient of the block's output error, taken straight
 * through the rounding, at a rate that falls linearly from 1/iterations. Kept is what errs least over the whole text of
 * the start, which is rounding to nearest, and of the state at each fifth of the way.
 */
async function tuneBlock(block: BlockOfLayers, iterations: number, windows: number): Promise<readonly Rounded[]> {
  const tuned = block.layers.map(untuned);
  let current = tuned.map(round);
  let [best, least] = [current, await block.error(current)];
  const between = Math.ceil(iterations / CHECKS);
  for (let step = 0; step < iterations; step++) {
    const gradients = await block.gradients(step, windows, current);
    const rate = (1 - step / iterations) / iterations;
    for (const [at, each] of tuned.entries()) descend(each, current[at]!, gradients[at]!, rate);
    current = tuned.map(round);
    if ((step + 1) % between !== 0 && step + 1 < iterations) continue;
    const error = await block.error(current);
    if (error < least) [best, least] = [current, error];
  }
  return best.map((weights) => ({ weights }));
}

function untuned(layer: Layer): Tuned {
  const { length } = layer.weights;
  const spans = [...groupsOf(layer)];
  return {
    layer,
    spans,
    shift: new Float32Array(length),
    share: new Float32Array(spans.length).fill(1),
    nearest: new Float32Array(length),
    other: new Float32Array(length),
    fitted: new Float32Array(spans.length),
  };
}

function round({ layer: { weights, grid }, spans, shift, share, nearest, other, fitted }: Tuned): Float32Array {
  const out = new Float32Array(weights.length);
  const shrunk = new Float32Array(spans.reduce((most, { from, to }) => Math.max(most, to - from), 0));
  for (const span of spans) {
    const { index, from, to } = span;
    const own = share[index]!;
    if (own !== fitted[index]) {
      for (let i = from; i < to; i++) shrunk[i - from] = weights[i]! * own;
      neighbours(grid.fit(shrunk.subarray(0, to - from), span), weights, from, to, nearest, other);
      fitted[index] = own;
    }
    for (let i = from; i < to; i++) {
      const gap = other[i]! - nearest[i]!;
      const place = gap === 0 ? 0 : (weights[i]! - nearest[i]!) / gap + shift[i]! * Math.sign(gap);
      out[i] = place > 0.5 ? other[i]! : nearest[i]!;
    }
  }
  return out;
}

/** With ŵ = α round(w/α), a weight in range moves with α as ŵ − w, one beyond the grid's end as ŵ. */
function descend(
  { layer, spans, shift, share, nearest, other }: Tuned,
  rounded: Float32Array,
  gradient: Float32Array,
  rate: number,
) {
  for (const { index, from, to } of spans) {
    let slope = 0;
    for (let i = from; i < to; i++) {
      const [w, g] = [layer.weights[i]!, gradient[i]!];
      const inRange = other[i] !== nearest[i] || nearest[i] === w;
      slope += g * (inRange ? rounded[i]! - w : rounded[i]!);
      if (inRange) shift[i] = Math.min(0.5, Math.max(-0.5, shift[i]! - rate * Math.sign(g)));
    }
    share[index] = Math.min(1, share[index]! - rate * Math.sign(slope));
  }
}

export const autoRound: BlockRoundingPart = {
  slot: "rounding",
  over: "blocks",
  id: "autoround",
  summary: "learn levels and ranges by signed gradient steps on the output error of each block",
  calibration: "inputs",
  options: {
    iterations: { default: ITERATIONS, help: "gradient steps a block" },
    batch: { default: BATCH, help: "windows of a step, at least 2048 tokens; 8 in the paper" },
  },
  act: ({ iterations = ITERATIONS, batch = BATCH }) => {
    const whole = (x: number | true) => Math.max(1, Math.floor(Number(x)));
    return (block) => tuneBlock(block, whole(iterations), whole(batch));
  },
};
