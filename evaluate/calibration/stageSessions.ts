import type { createSession, Feed, HostTensor, Session, SessionOptions } from "../engine/session.ts";
import { encode, lower, size, type Value } from "../graph/index.ts";
import type { Waiting } from "../storage/waiting.ts";
import { outputOf, type Stage } from "./stages.ts";

/** Encoded stages whose sessions stay open for the next walk: those of long windows hold tables of masks, and are made anew. */
const KEPT_BYTES = 32 * 1024 * 1024;
/** Models of more stages keep none: each session has threads and heaps of its own. */
export const KEPT_STAGES = 64;
/** What an open session takes beside its constants: measured on stories260K. */
export const SESSION_BYTES = 3.5e6;

/** Sessions of as many stages: some stay open, of the others one at a time. */
export function sessionsOf(engine: SessionOptions, open: typeof createSession, stages: number) {
  const mostBytes = stages <= KEPT_STAGES ? KEPT_BYTES : 0;
  const kept = new Map<Stage, Session>();
  let current: { stage: Stage; session: Session } | null = null;
  let bytes = 0;
  const close = async () => {
    const { session } = current ?? {};
    current = null;
    await session?.release();
  };
  return {
    async session(stage: Stage): Promise<Session> {
      const known = kept.get(stage) ?? (current?.stage === stage ? current.session : undefined);
      if (known) return known;
      await close();
      const encoded = encode(lower(stage.graph, engine.device ?? "cpu"));
      const session = await open(encoded, { ...engine, keepMemory: false });
      if (bytes + encoded.length <= mostBytes) {
        bytes += encoded.length;
        kept.set(stage, session);
      } else current = { stage, session };
      return session;
    },
    async release() {
      await close();
      for (const session of kept.values()) await session.release();
      kept.clear();
      bytes = 0;
    },
  };
}

/** Runs a stage on one batch: `kept` windows from `start`, behind which it is padded with whatever was there before. */
export async function runStage(
  session: Session,
  { carried, made, kept: later }: Stage,
  feeds: Record<string, Feed>,
  { waiting, prefix, batch, start, kept, buffer }: Batch,
): Promise<void> {
  const tensorOf = (key: string, { name, type, shape }: Value): HostTensor => {
    if (type !== "float32") throw new Error(`internal: activations ${name} are not float32`);
    return { data: buffer(key, size(shape)), shape };
  };
  const windowsOf = ({ data }: HostTensor) => (data as Float32Array).subarray(0, (data.length / batch) * kept);
  const given: Record<string, Feed> = { ...feeds };
  for (const [key, value] of carried) {
    const tensor = tensorOf(key, value);
    waiting.read(prefix + key, start, kept, windowsOf(tensor));
    given[value.name] = tensor;
  }
  const into = new Map([...made].map(([key, value]) => [key, tensorOf(key, value)]));
  await session.run(given, Object.fromEntries([...made].map(([key, value]) => [outputOf(value), into.get(key)!])));
  for (const [key, tensor] of into) waiting.write(prefix + key, start, kept, windowsOf(tensor));
  for (const key of carried.keys()) if (!later.includes(key)) waiting.drop(prefix + key, start, kept);
}

export interface Batch {
  waiting: Waiting;
  prefix: string;
  /** Windows that the stage is compiled for. */
  batch: number;
  start: number;
  kept: number;
  /** An array of this length for what is called so, the same one each time. */
  buffer(key: string, length: number): Float32Array;
}

/** Arrays by what they are for, the same one while its length stays. */
export function buffers() {
  const made = new Map<string, Float32Array>();
  return (key: string, length: number) => {
    const found = made.get(key);
    if (found?.length === length) return found;
    const fresh = new Float32Array(length);
    made.set(key, fresh);
    return fresh;
  };
}
