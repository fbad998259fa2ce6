import { runCli } from "../../cli/run.ts";

/** What one command line did. */
export interface Result {
  code: number;
  out: string;
  err: string;
}

/** Runs a command line in this process. */
export async function cli(...words: string[]): Promise<Result> {
  const result: Result = { code: 0, out: "", err: "" };
  result.code = await runCli(
    words,
    {
      stdout: { write: (text) => (result.out += text) },
      stderr: { write: (text) => (result.err += text) },
      interruptible: () => new AbortController().signal,
    },
    "1.2.3",
  );
  return result;
}
