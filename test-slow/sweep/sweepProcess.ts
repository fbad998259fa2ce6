import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readJournal, readManifest } from "../../evaluate/sweep/index.ts";
import { tinyText, writeTinyModel } from "../../test/cli/tinyModel.ts";

const main = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

/** Command words of a sweep of 97 trials of some milliseconds each on a model of two layers, whose files go into `folder`. */
export function tinySweep(folder: string): string[] {
  const model = writeTinyModel(join(folder, "model"));
  const text = join(folder, "text.txt");
  writeFileSync(text, tinyText(12_000));
  const formats = "sf4,nf4,int4,e2m1,e2m1+sr,e2m1+sp,apot4,af4,e3m0,int3,int5,nf3";
  const groups = "2,4,8,12,16,32,row,tensor";
  return [
    ...["sweep", "--formats", formats, "--groups", groups],
    ...["--models", model, "--tasks", `perplexity:${text}`, "--context", "16"],
  ];
}

/** A sweep running in a process of its own. */
export interface Running {
  child: ChildProcess;
  /** All that it has written to stderr. */
  err(): string;
  /** Exit code, or the signal that ended it. */
  closed: Promise<number | string>;
}

export function startSweep(words: readonly string[], env: NodeJS.ProcessEnv = process.env): Running {
  const child = spawn(process.execPath, [main, ...words], { stdio: ["ignore", "ignore", "pipe"], env });
  let err = "";
  child.stderr.on("data", (part: Buffer) => {
    err += part;
  });
  const closed = once(child, "close").then(([code, signal]) => code ?? signal);
  return { child, err: () => err, closed };
}

/** The rows of a folder in plan order, as JSON, without their timing: what two runs of one sweep must agree on. */
export async function timelessRows(directory: string): Promise<string[]> {
  const { rows } = await readJournal(directory);
  return readManifest(directory).keys.map((key) => {
    const { timing: _, ...row } = rows.get(key) ?? { timing: null };
    return JSON.stringify(row);
  });
}

/** Direct children of a process (Linux). */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
