import type { SessionOptions } from "../engine/session.ts";
import type { Warn } from "../engine/shrink.ts";
import { inputShapes, type RunningFormats } from "../model/architectures/runningFormats.ts";
import type { LoadedModel } from "../model/loadedModel.ts";
import { createRememberedStates } from "./divergence.ts";
import { createScorers, type RunSizeOptions, type Scorers } from "./scorers.ts";

export interface ScorerPool {
  /** The model compiled for these formats; what it gives may be released when others are asked for. */
  of(running: RunningFormats): Promise<Scorers>;
  release(): Promise<void>;
}

/** Compiled models kept: that at full precision, and those of a sweep's neighbouring trials. Each keeps the engine's buffers. */
export const KEPT_SCORERS = 3;

/** Compiles a model once for each choice of running formats, whatever the weights' formats and methods. */
export function createScorerPool(
  model: LoadedModel,
  options: SessionOptions & { warn?: Warn },
  runs: RunSizeOptions = {},
): ScorerPool {
  const { config, linears } = model;
  const made = new Map<string, Scorers>();
  const remembered = createRememberedStates();
  return {
    async of(running) {
      const key = runningKey(running);
      const shapes = new Map([...model.shapes, ...inputShapes(linears, running)]);
      const scorers = made.get(key) ?? createScorers({ config, shapes }, { ...options, running, remembered }, runs);
      // The latest last; the first, at full precision in every sweep, stays.
      if (made.size > 0 && made.keys().next().value !== key) made.delete(key);
      made.set(key, scorers);
      const oldest = [...made.keys()][1];
      if (made.size > KEPT_SCORERS && oldest !== undefined) {
        const released = made.get(oldest)!;
        made.delete(oldest);
        await released.release();
      }
      return scorers;
    },
    async release() {
      for (const each of made.values()) await each.release();
      made.clear();
      remembered.release();
    },
  };
}

/** Equal for formats that compile to the same model. */
export function runningKey({ activation, cache, rotates, head, range, together, turnsCache }: RunningFormats): string {
  return [activation?.id, cache?.id, rotates, head, range, together, turnsCache].join(" ");
}
