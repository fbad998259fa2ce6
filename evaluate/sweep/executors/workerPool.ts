import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { UserError } from "../../../formats/error.ts";
import type { Executor, PlannedTrial } from "../run.ts";
import type { WorkerSetup } from "./setup.ts";
import type { WorkerAnswer, WorkerRequest } from "./worker.ts";

/** A trial whose process dies this often is a failure: by then the trial is the likely cause, most often for want of memory. */
const DEATHS_MAX = 3;

type Answer = WorkerAnswer | { died: string };

interface Worker {
  child: ChildProcess;
  /** What it says once it has prepared the sweep. */
  ready: Promise<Answer>;
}

/**
 * Runs trials in `count` processes, each with its own session. They have no part in the journal: a row goes to this
 * process, the only writer, so that a worker killed at any moment costs the trial it was running, which another then
 * runs. Workers whose coordinator is killed end by themselves.
 */
export function workerPool({
  count,
  setup,
  note,
}: {
  count: number;
  setup: WorkerSetup;
  /** Told of workers that died. */
  note: (line: string) => void;
}): Executor {
  return async (queue) => {
    const workers = new Set<Worker>();
    let stopped = false;
    async function lane(): Promise<void> {
      let worker: Worker | null = null;
      for (let trial = queue.next(); trial; trial = queue.next()) {
        let answer: Answer = { died: "" };
        for (let deaths = 0; "died" in answer && deaths < DEATHS_MAX; ) {
          worker ??= start(setup);
          workers.add(worker);
          answer = await run(worker, trial);
          if (stopped) return;
          if (!("died" in answer)) break;
          const { pid } = worker.child;
          note(`warning: worker process ${pid} died (${answer.died}) with ${trial.spec.format} on ${trial.spec.task}`);
          workers.delete(worker);
          worker = null;
          deaths++;
        }
        await queue.settle(trial, resultOf(answer));
      }
      worker?.child.disconnect();
    }
    try {
      await Promise.all(Array.from({ length: count }, lane));
    } finally {
      // Only after an error is any of them still at work; their lanes must not start others.
      stopped = true;
      for (const { child } of workers) if (child.connected) child.kill("SIGKILL");
    }
  };
}

async function run({ child, ready }: Worker, { key }: PlannedTrial): Promise<Answer> {
  const prepared = await ready;
  return "ready" in prepared ? ask(child, { key }) : prepared;
}

function start(setup: WorkerSetup): Worker {
  const child = fork(fileURLToPath(new URL("./worker.js", import.meta.url)), {
    // Structured clones: JSON would turn a NaN into a null without a word.
    serialization: "advanced",
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  // How it ended is asked for with each request; between two of them nobody listens.
  child.on("error", () => {});
  return { child, ready: ask(child, { setup }) };
}

/** Sends a request; gives the answer, or how the process ended without one. */
function ask(child: ChildProcess, request: WorkerRequest): Promise<Answer> {
  return new Promise((resolve) => {
    const onMessage = (answer: unknown) => end(answer as WorkerAnswer);
    const onExit = (code: number | null, signal: string | null) => end({ died: signal ?? `exit code ${code}` });
    const onError = (error: Error) => end({ died: error.message });
    function end(answer: Answer): void {
      child.off("message", onMessage).off("exit", onExit).off("error", onError);
      resolve(answer);
    }
    child.on("message", onMessage).on("exit", onExit).on("error", onError);
    if (!child.connected) return onExit(child.exitCode, child.signalCode);
    child.send(request, (error) => error && onError(error));
  });
}

function resultOf(answer: Answer) {
  if ("row" in answer) return answer.row;
  if ("error" in answer) return new Error(answer.error);
  if ("died" in answer)
    return new UserError(
      `its worker process died ${DEATHS_MAX} times, the last time by ${answer.died}; out of memory?`,
    );
  if ("fatal" in answer) throw answer.internal ? new Error(answer.fatal) : new UserError(answer.fatal);
  throw new Error("internal: a worker said ready twice");
}
