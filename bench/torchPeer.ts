import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { packageRoot } from "../evaluate/model/index.ts";
import { type Side, spread } from "./rounds.ts";

/** The Python that has torch: $BITFRONTIER_PEER_PYTHON, or a venv beside or inside the repository. Null when there is none. */
export function peerPython(): string | null {
  const root = packageRoot();
  const candidates = [
    process.env.BITFRONTIER_PEER_PYTHON,
    join(root, ".venv", "bin", "python"),
    join(root, "..", "peer-venv", "bin", "python"),
  ];
  return candidates.find((path) => path !== undefined && existsSync(path)) ?? null;
}

export interface PeerSide extends Side {
  stop(): void;
}

/** Starts bench/peer/llama_peer.py as a stepper: each `measure` is one of its measurements, in tokens per second. */
export async function torchSide(name: string, python: string, args: readonly string[]): Promise<PeerSide> {
  const script = join(packageRoot(), "bench", "peer", "llama_peer.py");
  const child = spawn(python, [script, ...args, "--stepper"], { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (chunk) => {
    complaints = (complaints + chunk).slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name}: the peer ended: ${complaints}`);
    return JSON.parse(value) as Record<string, unknown>;
  };
  await next();
  return {
    name,
    async measure() {
      child.stdin.write("step\n");
      const row = await next();
      return spread(row.tokensPerSecond as number[]).median;
    },
    stop() {
      child.stdin.end("quit\n");
    },
  };
}
