import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "../evaluate/engine/session.ts";

/** Names of the providers in onnxruntime's profiles. */
const PROVIDERS: Readonly<Record<Device, string>> = {
  cpu: "CPUExecutionProvider",
  webgpu: "WebGpuExecutionProvider",
  cuda: "CUDAExecutionProvider",
  dml: "DmlExecutionProvider",
  coreml: "CoreMLExecutionProvider",
};

/**
 * Gives `run` a profile prefix for a session on the device; returns its result and which nodes ran elsewhere, or moved data
 * between host and device inside a run. Operators that only steer (Loop and its condition) are let pass.
 */
export async function elsewhere<T>(
  device: Device,
  run: (profile: string) => Promise<T>,
): Promise<{ result: T; elsewhere: string }> {
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-gpu-"));
  try {
    const result = await run(join(folder, "nodes"));
    const counts = new Map<string, number>();
    const seen = new Set<string>();
    for (const file of readdirSync(folder)) {
      const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
        cat?: string;
        name: string;
        args?: { op_name?: string; provider?: string };
      }[];
      for (const { cat, name, args } of events) {
        if (cat !== "Node" || !name.endsWith("_kernel_time") || seen.has(name)) continue;
        seen.add(name);
        const op = args?.op_name ?? "?";
        const moves = op.startsWith("Memcpy");
        if (!moves && (args?.provider === PROVIDERS[device] || op === "Loop" || op === "Identity")) continue;
        counts.set(op, (counts.get(op) ?? 0) + 1);
      }
    }
    return { result, elsewhere: [...counts].map(([op, n]) => `${op} × ${n}`).join(", ") };
  } finally {
    removed(folder);
  }
}

/** Windows keeps the file of a session that failed before it could be released. */
function removed(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {}
}
