import { type Graph, peakBytes } from "../graph/index.ts";

/** What a session may keep between its runs. */
const KEPT_BYTES = 64 * 1024 * 1024;

/**
 * Whether a session should keep the memory of a run for the next: asking for it anew costs nothing that can be measured beside
 * a large run (1 % at 135 M weights and 2048 tokens), and much beside a small one.
 */
export const keepsMemory = (graph: Graph): boolean => peakBytes(graph) <= KEPT_BYTES;
