import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Share of an op type in the time of all nodes, 0 to 1. */
export interface Share {
  op: string;
  share: number;
  nodes: number;
}

/** Runs made for warm-up, whose node times are left out. */
const WARMUP = 2;

/**
 * Where the time of a session goes: `run` gets the prefix to give as the session's `profile` option, makes a few runs and
 * releases the session. The least time of each node over its runs is summed by op type.
 */
export async function nodeTimes(run: (profile: string) => Promise<void>): Promise<Share[]> {
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-profile-"));
  try {
    await run(join(folder, "nodes"));
    const file = readdirSync(folder)[0]!;
    const events = JSON.parse(readFileSync(join(folder, file), "utf8")) as {
      cat?: string;
      name: string;
      dur: number;
      args?: { op_name?: string };
    }[];
    const nodes = new Map<string, { op: string; times: number[] }>();
    for (const { cat, name, dur, args } of events) {
      if (cat !== "Node" || !name.endsWith("_kernel_time")) continue;
      const node = nodes.get(name) ?? { op: args?.op_name ?? "?", times: [] };
      node.times.push(dur);
      nodes.set(name, node);
    }
    const sums = new Map<string, Share>();
    let total = 0;
    for (const { op, times } of nodes.values()) {
      const least = Math.min(...times.slice(WARMUP));
      const sum = sums.get(op) ?? { op, share: 0, nodes: 0 };
      sums.set(op, { op, share: sum.share + least, nodes: sum.nodes + 1 });
      total += least;
    }
    return [...sums.values()].map((s) => ({ ...s, share: s.share / total })).sort((a, b) => b.share - a.share);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
