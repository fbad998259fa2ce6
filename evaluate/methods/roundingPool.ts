import { Worker } from "node:worker_threads";
import { type BlockingOptions, type Format, fakeQuantize, type RoundingError } from "../../formats/index.ts";
import { scaleStores } from "../../formats/scaleStores.ts";
import type { RoundingReply, RoundingTask } from "./roundingWorker.ts";

/** Numbers of one task: small enough to share out evenly, large enough that messages do not count. */
const TASK_NUMBERS = 1 << 20;

/** Worker threads that round matrices by rows. */
export interface RoundingPool {
  /**
   * As fakeQuantize, on all workers; the same numbers bit for bit, the sums added row block by row block whatever the
   * number of workers. Both arrays must view SharedArrayBuffers and the format's groups must not depend on other rows;
   * else this thread does it alone. Throws UserError as fakeQuantize does; `out` is then partly written.
   */
  fakeQuantize(
    weights: Float32Array,
    rows: number,
    cols: number,
    format: Format,
    out: Float32Array,
    options?: BlockingOptions,
  ): Promise<RoundingError>;
  close(): Promise<void>;
}

/** Starts `count` ≥ 1 workers; they do not keep the process alive. */
export function roundingPool(count: number): RoundingPool {
  const workers = Array.from({ length: count }, () => {
    const worker = new Worker(new URL("./roundingWorker.js", import.meta.url));
    worker.unref();
    return worker;
  });
  const roundAll = async (tasks: readonly RoundingTask[]) => {
    const replies = new Array<RoundingReply>(tasks.length);
    let next = 0;
    await Promise.all(
      workers.map(async (worker) => {
        while (next < tasks.length) {
          const index = next++;
          replies[index] = await ask(worker, tasks[index]!);
        }
      }),
    );
    return replies;
  };
  /** Matrices are rounded one after the other: a worker has one task, and its next message is that one's reply. */
  let turn: Promise<unknown> = Promise.resolve();
  return {
    async fakeQuantize(weights, rows, cols, format, out, options = {}) {
      const tasks = shareable(weights, rows, cols, format, out)
        ? tasksOf(weights, rows, cols, format, out, options)
        : [];
      if (tasks.length < 2) return fakeQuantize(weights, rows, cols, format, out, options);
      const mine = turn.then(() => roundAll(tasks));
      turn = mine.catch(() => {});
      const replies = await mine;
      // The error of the whole matrix names the place in the whole matrix.
      if (replies.some((reply) => "error" in reply)) return fakeQuantize(weights, rows, cols, format, out, options);
      return replies.map((reply) => (reply as { result: RoundingError }).result).reduce(added);
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function shareable(weights: Float32Array, rows: number, cols: number, format: Format, out: Float32Array): boolean {
  const shared = [weights, out].every(({ buffer }) => buffer instanceof SharedArrayBuffer);
  const whole = weights.length === rows * cols && out.length === rows * cols && rows > 0 && cols > 0;
  return shared && whole && format.group !== "tensor" && !("outer" in scaleStores[format.store]);
}

function tasksOf(
  weights: Float32Array,
  rows: number,
  cols: number,
  format: Format,
  out: Float32Array,
  options: BlockingOptions,
): RoundingTask[] {
  const rowsPerTask = Math.max(1, Math.floor(TASK_NUMBERS / cols));
  return Array.from({ length: Math.ceil(rows / rowsPerTask) }, (_, task) => {
    const first = task * rowsPerTask;
    const count = Math.min(rowsPerTask, rows - first);
    const part = (values: Float32Array) => values.subarray(first * cols, (first + count) * cols);
    return { weights: part(weights), rows: count, cols, format, out: part(out), options };
  });
}

function ask(worker: Worker, task: RoundingTask): Promise<RoundingReply> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      worker.off("message", done).off("error", failed).off("exit", ended);
      worker.unref();
    };
    const done = (reply: RoundingReply) => {
      settle();
      resolve(reply);
    };
    const failed = (error: Error) => {
      settle();
      reject(error);
    };
    const ended = () => failed(new Error("the rounding worker ended"));
    worker.ref();
    worker.on("message", done).on("error", failed).on("exit", ended);
    worker.postMessage(task);
  });
}

function added(a: RoundingError, b: RoundingError): RoundingError {
  return {
    sumSquaredError: a.sumSquaredError + b.sumSquaredError,
    sumSquares: a.sumSquares + b.sumSquares,
    groups: a.groups + b.groups,
    zeroGroups: a.zeroGroups + b.zeroGroups,
  };
}
