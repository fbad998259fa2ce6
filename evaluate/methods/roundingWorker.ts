import { parentPort } from "node:worker_threads";
import { type BlockingOptions, type Format, fakeQuantize, type RoundingError, UserError } from "../../formats/index.ts";

/** Rows for a worker of roundingPool; the arrays view shared memory. */
export interface RoundingTask {
  weights: Float32Array;
  rows: number;
  cols: number;
  format: Format;
  out: Float32Array;
  options: BlockingOptions;
}

export type RoundingReply = { result: RoundingError } | { error: string };

/** Formats seen, so that what is prepared for one is prepared once: equal ids are equal formats. */
const formats = new Map<string, Format>();

parentPort?.on("message", ({ weights, rows, cols, format, out, options }: RoundingTask) => {
  const known = formats.get(format.id) ?? format;
  formats.set(format.id, known);
  let reply: RoundingReply;
  try {
    reply = { result: fakeQuantize(weights, rows, cols, known, out, options) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    reply = { error: error.message };
  }
  parentPort!.postMessage(reply);
});
