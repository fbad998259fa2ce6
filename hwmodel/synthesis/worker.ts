import { parentPort } from "node:worker_threads";

/** A worker thread that runs Yosys, compiled to WebAssembly, on files in memory. */
export interface YosysJob {
  id: number;
  script: string;
  files: Record<string, string>;
  /** Files to send back. */
  outputs: string[];
}

export type YosysAnswer =
  | { id: number; outputs: Record<string, string>; log: string }
  /** `failure`: why; `missing` where the package is not installed. */
  | { id: number; failure: string; missing: boolean; log: string };

type Tree = { [name: string]: Tree | string | Uint8Array };
interface Yosys {
  runYosys(
    args: string[],
    files: Tree,
    options: { stdout: (bytes: Uint8Array | null) => void; stderr: (bytes: Uint8Array | null) => void },
  ): Promise<Tree>;
}

/** A log is kept for the error it ends with. */
const LOG_MAX = 100_000;

parentPort?.on("message", async (job: YosysJob) => {
  let log = "";
  const append = (bytes: Uint8Array | null) => {
    if (bytes) log = (log + new TextDecoder().decode(bytes)).slice(-LOG_MAX);
  };
  let answer: YosysAnswer;
  try {
    const { runYosys } = await load();
    const tree = await runYosys(
      ["-q", "-s", "script.ys"],
      { ...job.files, "script.ys": job.script },
      { stdout: append, stderr: append },
    );
    const outputs = Object.fromEntries(job.outputs.map((name) => [name, textOf(tree[name], name)]));
    answer = { id: job.id, outputs, log };
  } catch (error) {
    const missing = error instanceof MissingPackage;
    answer = { id: job.id, failure: (error as Error).message, missing, log };
  }
  parentPort?.postMessage(answer);
});

class MissingPackage extends Error {}

async function load(): Promise<Yosys> {
  // A name in a variable: the package is optional, and a build without it must pass.
  const name = "@yowasp/yosys";
  try {
    return (await import(name)) as Yosys;
  } catch (error) {
    throw new MissingPackage((error as Error).message);
  }
}

function textOf(file: Tree | string | Uint8Array | undefined, name: string): string {
  if (typeof file === "string") return file;
  if (file instanceof Uint8Array) return new TextDecoder().decode(file);
  throw new Error(`Yosys wrote no ${name}`);
}
