import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createSession, type Session, type SessionOptions } from "../engine/session.ts";
import { createGraph, input, logSoftmax, output } from "../graph/index.ts";
import { type ModelConfig, modelLogits } from "../model/architectures/index.ts";
import { openSafetensors } from "../model/safetensors.ts";
import { writeSafetensors } from "../model/writeSafetensors.ts";
import { fillBatch, type TokenWindows } from "./batches.ts";
import { confidence, type Teacher, type TeacherOptions } from "./teacher.ts";

export interface CacheOptions extends TeacherOptions {
  /** Largest log-probabilities kept of each token; all where null. */
  readonly top: number | null;
  /** Identity of the teacher's weights. */
  readonly modelSha256: string;
  /** Folder of all caches: `teacherFolder()` when absent. */
  readonly folder?: string;
}

/** Where teachers' probabilities are kept: `BITFRONTIER_TEACHERS`, or bitfrontier/teachers in the user's cache folder. */
export function teacherFolder(): string {
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  return process.env.BITFRONTIER_TEACHERS ?? join(base, "bitfrontier", "teachers");
}

/**
 * A teacher whose log-probabilities are kept on disk, one file a window, under a hash of weights, text and `top`: made when a
 * window is first asked for, read from then on, by any run. With `top` the probability that is left is spread evenly over
 * the other tokens.
 */
export function cachedTeacher(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  weights: ReadonlyMap<string, Float32Array>,
  { top, modelSha256, folder = teacherFolder(), ...engine }: CacheOptions,
): Teacher {
  const vocab = config.vocabSize;
  const kept = Math.min(top ?? vocab, vocab);
  let rows: Float32Array | null = null;
  let scorer: Promise<Scorer> | null = null;
  return {
    source: "logits",
    feeds(count) {
      rows = new Float32Array(count * vocab);
      return { teacher: { data: rows, shape: [count, vocab] } };
    },
    async load(data, chosen) {
      const place = join(folder, keyOf(data, modelSha256, kept));
      const size = (data.context - 1) * vocab;
      for (const [b, window] of chosen.entries()) {
        const path = join(place, `${window}.safetensors`);
        if (!existsSync(path)) {
          mkdirSync(place, { recursive: true });
          scorer ??= createScorer(config, shapes, weights, data.context - 1, engine);
          store(path, await (await scorer).logs(data, window), vocab, kept);
        }
        read(path, rows!.subarray(b * size, (b + 1) * size), vocab, kept);
      }
    },
    gamma: (kind, data, batch) => confidence(config, shapes, weights, kind, data, batch, engine),
    async release() {
      if (scorer) await (await scorer).session.release();
    },
  };
}

function keyOf({ windows, context }: TokenWindows, modelSha256: string, kept: number): string {
  const bytes = new Uint8Array(windows.buffer, windows.byteOffset, windows.byteLength);
  return createHash("sha256").update(`${modelSha256} ${context} ${kept} `).update(bytes).digest("hex").slice(0, 32);
}

interface Scorer {
  readonly session: Session;
  /** Log-probabilities [time, vocab] of a window. */
  logs(data: TokenWindows, window: number): Promise<Float32Array>;
}

async function createScorer(
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
  weights: ReadonlyMap<string, Float32Array>,
  time: number,
  engine: SessionOptions,
): Promise<Scorer> {
  const graph = createGraph(engine.device);
  const tokens = input(graph, "tokens", "int64", [time]);
  const values = new Map([...shapes].map(([name, shape]) => [name, input(graph, name, "float32", shape)]));
  const logits = modelLogits({ graph, tokens, batch: 1, weight: (name) => values.get(name)! }, config);
  output(graph, "logs", logSoftmax(graph, logits));
  const session = await createSession(graph, engine);
  const feeds = Object.fromEntries([...shapes].map(([name, shape]) => [name, { data: weights.get(name)!, shape }]));
  const [x, y] = [new BigInt64Array(time), new BigInt64Array(time)];
  return {
    session,
    async logs(data, window) {
      fillBatch(data, [window], x, y);
      const { logs } = await session.run({ ...feeds, tokens: { data: x, shape: [time] } });
      return logs as Float32Array;
    },
  };
}

/** Token numbers are kept as float32, exact below 2^24. */
function store(path: string, logs: Float32Array, vocab: number, kept: number): void {
  const time = logs.length / vocab;
  const shape = [time, kept];
  if (kept === vocab) {
    writeSafetensors(path, [{ name: "logs", shape, data: logs }], { dtype: "F32" });
    return;
  }
  const [ids, largest] = [new Float32Array(time * kept), new Float32Array(time * kept)];
  for (let t = 0; t < time; t++) {
    const row = logs.subarray(t * vocab, (t + 1) * vocab);
    const order = Uint32Array.from(row, (_, i) => i).sort((a, b) => row[b]! - row[a]!);
    for (let k = 0; k < kept; k++) {
      ids[t * kept + k] = order[k]!;
      largest[t * kept + k] = row[order[k]!]!;
    }
  }
  const entries = [
    { name: "ids", shape, data: ids },
    { name: "logs", shape, data: largest },
  ];
  writeSafetensors(path, entries, { dtype: "F32" });
}

/** Below this the probability of all other tokens together is rounding. */
const REST_MIN = 1e-7;

function read(path: string, into: Float32Array, vocab: number, kept: number): void {
  const file = openSafetensors(path);
  try {
    const logs = file.readFloat32("logs");
    if (kept === vocab) {
      into.set(logs);
      return;
    }
    const ids = file.readFloat32("ids");
    for (let t = 0; t < into.length / vocab; t++) {
      const row = into.subarray(t * vocab, (t + 1) * vocab);
      const own = logs.subarray(t * kept, (t + 1) * kept);
      const rest = own.reduce((left, log) => left - Math.exp(log), 1);
      row.fill(Math.log(Math.max(rest, REST_MIN) / (vocab - kept)));
      for (let k = 0; k < kept; k++) row[ids[t * kept + k]!] = own[k]!;
    }
  } finally {
    file.close();
  }
}
