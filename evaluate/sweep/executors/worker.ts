/**
 * @file A worker process of a sweep (see `workerPool`): gets its setup, then keys of trials, one at a time, and answers
 * each with a row or an error. It writes nothing to disk and ends when the process that started it is gone.
 */
import { UserError } from "../../../formats/error.ts";
import type { Row } from "../../trial/row.ts";
import { prepareWorker, type RunKey, type WorkerSetup } from "./setup.ts";

export type WorkerRequest = { setup: WorkerSetup } | { key: string };

/** `fatal`: this process can run no trial at all; `internal` where that is not for the user to mend. */
export type WorkerAnswer = { ready: true } | { row: Row } | { error: string } | { fatal: string; internal: boolean };

// Ctrl-C reaches the whole group of processes; what is running is to be finished.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(1));

let run: RunKey;
process.on("message", async (request: WorkerRequest) => {
  try {
    if ("setup" in request) {
      run = await prepareWorker(request.setup);
      answer({ ready: true });
    } else {
      const result = await run(request.key);
      answer(result instanceof Error ? { error: result.message } : { row: result });
    }
  } catch (error) {
    answer({ fatal: error instanceof Error ? error.message : String(error), internal: !(error instanceof UserError) });
  }
});

function answer(message: WorkerAnswer): void {
  process.send?.(message);
}
