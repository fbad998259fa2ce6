import type { SessionOptions } from "../engine/session.ts";
import type { Warn } from "../engine/shrink.ts";
import { inputShapes, inputTransforms, type RunningFormats } from "../model/architectures/runningFormats.ts";
import { createEvaluator } from "../scoring/evaluator.ts";
import type { TrainOptions } from "./train.ts";

/** Tokens of one run of the evaluator. */
const TOKENS_PER_RUN = 2048;

/** Scores a student on the held-out windows as it will run, activations and cache rounded where they are. */
export interface Judge {
  /** Mean next-token loss in nats; the largest number there is where the model diverges, which then loses to whatever comes. */
  loss(weights: ReadonlyMap<string, Float32Array>): Promise<number>;
  release(): Promise<void>;
}

export async function createJudge(
  { config, shapes, linears, heldout }: Pick<TrainOptions, "config" | "shapes" | "linears" | "heldout">,
  running: RunningFormats | null,
  engine: SessionOptions & { warn?: Warn },
): Promise<Judge> {
  const { windows, count, context } = heldout;
  const transforms = running ? inputShapes(linears, running) : new Map<string, readonly number[]>();
  const neutral = running ? inputTransforms(linears, running) : new Map<string, Float32Array>();
  const evaluator = await createEvaluator(config, new Map([...shapes, ...transforms]), {
    context,
    ...(running ? { running } : {}),
    batch: Math.max(1, Math.min(count, Math.floor(TOKENS_PER_RUN / context))),
    ...engine,
  });
  return {
    async loss(weights) {
      const losses = await evaluator.score(new Map([...neutral, ...weights]), windows, count);
      const mean = losses.reduce((a, b) => a + b, 0) / losses.length;
      return Number.isFinite(mean) ? mean : Number.MAX_VALUE;
    },
    release: () => evaluator.release(),
  };
}
