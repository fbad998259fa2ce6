import type { SessionOptions } from "../engine/session.ts";
import { createEvaluator } from "../model/architectures/evaluator.ts";
import { inputShapes, type RunningFormats } from "../model/architectures/runningFormats.ts";
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
  engine: SessionOptions,
): Promise<Judge> {
  const { windows, count, context } = heldout;
  // The scorer divides each layer's input by scales; here they are 1.
  const scales = running ? inputShapes(linears, running) : new Map<string, readonly number[]>();
  const ones = new Map([...scales].map(([name, [size]]) => [name, new Float32Array(size!).fill(1)]));
  const evaluator = await createEvaluator(config, new Map([...shapes, ...scales]), {
    context,
    ...(running ? { running } : {}),
    batch: Math.max(1, Math.min(count, Math.floor(TOKENS_PER_RUN / context))),
    ...engine,
  });
  return {
    async loss(weights) {
      const losses = await evaluator.score(new Map([...weights, ...ones]), windows, count);
      const mean = losses.reduce((a, b) => a + b, 0) / losses.length;
      return Number.isFinite(mean) ? mean : Number.MAX_VALUE;
    },
    release: () => evaluator.release(),
  };
}
