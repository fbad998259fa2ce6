import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { UserError } from "../../formats/error.ts";
import type { YosysAnswer, YosysJob } from "./worker.ts";

/** Exact version of `@yowasp/yosys` that results are pinned to (package.json, optionalDependencies). */
export const YOSYS_VERSION = "0.55.944";

/** A 32-lane dot-product unit takes under 10 s; ten times that is a synthesis that hangs. */
export const DEFAULT_TIMEOUT_MS = 120_000;

export interface YosysRun {
  /** What runs, for messages. */
  subject: string;
  script: string;
  files: Record<string, string>;
  outputs: string[];
  timeoutMs?: number;
}

/** Something that runs Yosys; `version` is part of the key of cached results. */
export interface Yosys {
  version: string;
  /** Throws UserError with the cause: not installed, an error of Yosys, out of time. */
  run(run: YosysRun): Promise<Record<string, string>>;
  /** Ends its threads. */
  close(): Promise<void>;
}

/** Yosys as WebAssembly in up to `workers` threads (about 350 MB each), started when needed; they do not keep a process alive. */
export function wasmYosys(workers = Math.min(2, availableParallelism())): Yosys {
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  const inTurn = limiter(workers);
  let jobs = 0;

  const take = (): Worker => {
    const free = idle.pop();
    if (free) return free;
    const made = new Worker(new URL("./worker.js", import.meta.url));
    made.unref();
    all.add(made);
    return made;
  };

  return {
    version: `yowasp ${YOSYS_VERSION}`,
    async run({ subject, script, files, outputs, timeoutMs = DEFAULT_TIMEOUT_MS }) {
      const answer = await inTurn(async () => {
        const worker = take();
        const reply = await ask(worker, { id: jobs++, script, files, outputs }, timeoutMs);
        if (reply !== "timeout" && !("crash" in reply)) idle.push(worker);
        else {
          all.delete(worker);
          await worker.terminate();
        }
        return reply;
      });
      if (answer === "timeout") {
        throw new UserError(`synthesis of ${subject}: ran out of time (${timeoutMs / 1000} s)`);
      }
      if ("crash" in answer) throw new UserError(`synthesis of ${subject}: Yosys crashed (${answer.crash})`);
      if ("outputs" in answer) return answer.outputs;
      if (answer.missing) {
        throw new UserError(
          `synthesis of ${subject} needs @yowasp/yosys ${YOSYS_VERSION}, an optional dependency: npm install @yowasp/yosys@${YOSYS_VERSION}`,
        );
      }
      throw new UserError(`synthesis of ${subject}: ${causeOf(`${answer.log}\n${answer.failure}`)}`);
    },
    async close() {
      await Promise.all([...all].map((worker) => worker.terminate()));
      all.clear();
      idle.length = 0;
    },
  };
}

function ask(worker: Worker, job: YosysJob, timeoutMs: number): Promise<YosysAnswer | { crash: string } | "timeout"> {
  return new Promise((resolve) => {
    // A worker that is unreferenced lets the process end in the middle of its job: hold on to it until it answers.
    worker.ref();
    const finish = (result: YosysAnswer | { crash: string } | "timeout") => {
      clearTimeout(timer);
      worker.off("message", finish).off("error", crash).off("exit", ended);
      worker.unref();
      resolve(result);
    };
    const crash = (error: Error) => finish({ crash: error.message });
    const ended = (code: number) => finish({ crash: `its thread ended with code ${code}` });
    const timer = setTimeout(() => finish("timeout"), timeoutMs);
    worker.on("message", finish).on("error", crash).on("exit", ended);
    worker.postMessage(job);
  });
}

/** A Yosys installed on this machine, in a temporary folder. Throws UserError if there is none. */
export async function nativeYosys(command = "yosys"): Promise<Yosys> {
  const run = promisify(execFile);
  const version = await run(command, ["-V"], { timeout: 10_000 }).then(
    ({ stdout }) => stdout.trim(),
    (error: NodeJS.ErrnoException) => {
      throw new UserError(
        `${command}: ${error.code === "ENOENT" ? "not found on PATH" : error.message.split("\n")[0]}`,
      );
    },
  );
  const inTurn = limiter(availableParallelism());
  return {
    version: `native ${version}`,
    run: ({ subject, script, files, outputs, timeoutMs = DEFAULT_TIMEOUT_MS }) =>
      inTurn(async () => {
        const folder = await mkdtemp(join(tmpdir(), "bitfrontier-yosys-"));
        try {
          for (const [name, text] of Object.entries({ ...files, "script.ys": script })) {
            await writeFile(join(folder, name), text);
          }
          await run(command, ["-q", "-s", "script.ys"], { cwd: folder, timeout: timeoutMs, maxBuffer: 2 ** 26 }).catch(
            (error: Error & { killed?: boolean; stderr?: string; stdout?: string }) => {
              const cause = error.killed
                ? `ran out of time (${timeoutMs / 1000} s)`
                : causeOf(`${error.stdout}\n${error.stderr}\n${error.message}`);
              throw new UserError(`synthesis of ${subject}: ${cause}`);
            },
          );
          const read = async (name: string) => [name, await readFile(join(folder, name), "utf8")] as const;
          return Object.fromEntries(await Promise.all(outputs.map(read)));
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      }),
    async close() {},
  };
}

/** Runs at most `most` tasks at a time. */
function limiter(most: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    while (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await task();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}

/** The line of a log that says what went wrong. */
function causeOf(log: string): string {
  const lines = log
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  return (lines.find((line) => /ERROR/.test(line)) ?? lines.at(-1) ?? "Yosys failed without a message").slice(0, 300);
}
