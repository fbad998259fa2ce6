import type { SweepProgress, TrialSpec } from "../evaluate/sweep/index.ts";
import { type ProgressStream, REDRAW_MS } from "../evaluate/sweep/progress.ts";

/** A line a trial; on a terminal, before it, one that says what the trial is at. */
export function evalProgress(stream: ProgressStream) {
  let drawnAt = Number.NEGATIVE_INFINITY;
  const clear = stream.isTTY ? "\r\x1b[2K" : "";
  return {
    onStep({ format }: TrialSpec, step: string): void {
      if (!stream.isTTY || performance.now() - drawnAt < REDRAW_MS) return;
      drawnAt = performance.now();
      stream.write(`${clear}${`${format}: ${step}`.slice(0, (stream.columns || 80) - 1)}`);
    },
    onProgress({ done, total, spec }: SweepProgress): void {
      stream.write(`${clear}${done}/${total}  ${spec.format} on ${spec.task}\n`);
    },
  };
}
