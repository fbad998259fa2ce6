import * as ort from "onnxruntime-node";
import type { Data } from "../graph/index.ts";

export type Device = "cpu";

export interface SessionOptions {
  device?: Device;
  /** Threads inside an op; onnxruntime's own default (physical cores) when absent. */
  threads?: number;
  /** Prefix of a file into which onnxruntime writes the time of every node when the session is released. */
  profile?: string;
}

/** A named tensor on the host: what a run takes and gives. */
export interface HostTensor {
  data: Data;
  shape: readonly number[];
}

export interface Session {
  /** Runs the graph. Outputs named in `into` are written in place into the given arrays. */
  run(feeds: Record<string, HostTensor>, into?: Record<string, HostTensor>): Promise<Record<string, Data>>;
  readonly inputNames: readonly string[];
  release(): Promise<void>;
}

/** Loads an ONNX model (bytes of `encode`) into an onnxruntime session. */
export async function createSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const session = await ort.InferenceSession.create(model, {
    executionProviders: [options.device ?? "cpu"],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    interOpNumThreads: 1,
    ...(options.profile ? { enableProfiling: true, profileFilePrefix: options.profile } : {}),
    // Idle threads that spin steal the second hyper-thread from our own host kernels (facts: engine, pitfalls).
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  return {
    inputNames: session.inputNames,
    async run(feeds, into = {}) {
      const inputs: Record<string, ort.Tensor> = {};
      // An input that nothing uses was pruned from the model; feeding it would be an error.
      for (const name of session.inputNames) inputs[name] = tensor(name, feeds[name]);
      const fetches: Record<string, ort.Tensor | null> = {};
      for (const name of session.outputNames) fetches[name] = into[name] ? tensor(name, into[name]) : null;
      const results = await session.run(inputs, fetches);
      const out: Record<string, Data> = {};
      // onnxruntime writes into a preallocated array but returns another tensor object: hand back the caller's own.
      for (const name of session.outputNames) out[name] = into[name]?.data ?? (results[name]!.data as Data);
      return out;
    },
    release() {
      if (options.profile) session.endProfiling();
      return session.release();
    },
  };
}

function tensor(name: string, host: HostTensor | undefined): ort.Tensor {
  if (!host) throw new Error(`internal: no feed for ${name}`);
  const { data, shape } = host;
  if (data instanceof Float32Array) return new ort.Tensor("float32", data, shape);
  if (data instanceof Float64Array) return new ort.Tensor("float64", data, shape);
  if (data instanceof Int32Array) return new ort.Tensor("int32", data, shape);
  return new ort.Tensor("int64", data, shape);
}

/** Version of onnxruntime, or "unknown" where the package does not say. */
export function engineVersion(): string {
  return ort.env.versions.node ?? "unknown";
}
