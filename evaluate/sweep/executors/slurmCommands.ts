import { spawn } from "node:child_process";
import { userInfo } from "node:os";
import { UserError } from "../../../formats/error.ts";

/** A command that Slurm does not answer is given up after this long; its own limit for a message is 10 s, tried a few times. */
const COMMAND_MS = 120_000;

/** Submits an array of `tasks` tasks that run `script` and gives the job's number. Throws UserError with what sbatch says. */
export async function submitArray(
  script: string,
  { name, tasks, log, args }: { name: string; tasks: number; log: string; args: readonly string[] },
): Promise<string> {
  const words = [
    "--parsable",
    `--job-name=${name}`,
    `--array=0-${tasks - 1}`,
    `--output=${log}`,
    "--open-mode=append",
    // A task whose node dies starts again on another; without an order of its own a site may not allow it.
    "--requeue",
    ...args,
  ];
  const { code, out, err } = await command("sbatch", words, script);
  const job = /^\d+/.exec(out)?.[0];
  if (code !== 0 || job === undefined) throw new UserError(lastLine(err) || `sbatch: ${out || `exit code ${code}`}`);
  return job;
}

/**
 * The tasks of the user's jobs of that name that are not over, each by why it waits ("" where it runs, or Slurm has not said);
 * null when Slurm's controller does not answer. Throws UserError where there is no squeue.
 */
export async function liveTasks(name: string): Promise<string[] | null> {
  const user = `--user=${userInfo().username}`;
  const { code, out } = await command("squeue", ["--noheader", `--name=${name}`, user, "--array", "--format=%T %r"]);
  if (code !== 0) return null;
  const lines = out.split("\n").filter((line) => line !== "");
  return lines.map((line) => /^PENDING (?!None$)(.*)/.exec(line)?.[1] ?? "");
}

interface Done {
  code: number | null;
  out: string;
  err: string;
}

function command(program: string, words: readonly string[], input = ""): Promise<Done> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { timeout: COMMAND_MS });
    const done: Done = { code: null, out: "", err: "" };
    child.stdout.on("data", (part: Buffer) => {
      done.out += part;
    });
    child.stderr.on("data", (part: Buffer) => {
      done.err += part;
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === "ENOENT" ? "there is no such command here; --executor slurm needs it" : error.message;
      reject(new UserError(`${program}: ${reason}`));
    });
    child.on("close", (code) => resolve({ ...done, code, out: done.out.trim() }));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
