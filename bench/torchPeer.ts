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

/** A peer that waits for "step" on its standard input and answers each with one line of JSON. */
export interface Stepper {
  step(): Promise<Record<string, unknown>>;
  stop(): void;
}

/** Starts a script of bench/peer/ with `--stepper` and waits until it says that it is ready. */
export async function stepper(name: string, python: string, script: string, args: readonly string[]): Promise<Stepper> {
  const path = join(packageRoot(), "bench", "peer", script);
  return startStepper(name, python, [path, ...args, "--stepper"]);
}

/** The same of any command. */
export async function startStepper(name: string, command: string, args: readonly string[]): Promise<Stepper> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
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
    step() {
      child.stdin.write("step\n");
      return next();
    },
    stop() {
      child.stdin.end("quit\n");
    },
  };
}

/** Starts bench/peer/llama_peer.py: each `measure` is one of its measurements, in tokens per second. */
export async function torchSide(name: string, python: string, args: readonly string[]): Promise<PeerSide> {
  const { step, stop } = await stepper(name, python, "llama_peer.py", args);
  return {
    name,
    measure: async () => spread((await step()).tokensPerSecond as number[]).median,
    stop,
  };
}
