import * as ort from "onnxruntime-node";
import { type Data, encode, type Graph, lower, narrowsIntegers, type Provider } from "../graph/index.ts";

/** Where a graph runs: an execution provider of onnxruntime. */
export type Device = Provider;

export interface SessionOptions {
  /** The CPU when absent. */
  device?: Device;
  /** Threads inside an op; onnxruntime's own default (physical cores) when absent. */
  threads?: number;
  /** Whether the session keeps the memory of a run for the next (default), or gives it back, as many open sessions must. */
  keepMemory?: boolean;
  /** Prefix of a file into which onnxruntime writes the time of every node when the session is released. */
  profile?: string;
}

/** A named tensor on the host: what a run takes and gives. */
export interface HostTensor {
  data: Data;
  shape: readonly number[];
}

/** A float32 tensor in the memory of the device, until `free`. */
export interface DeviceTensor {
  readonly tensor: ort.Tensor;
  readonly shape: readonly number[];
  free(): void;
}

export type Feed = HostTensor | DeviceTensor;

export interface Session {
  /** Runs the graph. Outputs named in `into` are written in place into the given arrays. */
  run(feeds: Record<string, Feed>, into?: Record<string, HostTensor>): Promise<Record<string, Data>>;
  /** As `run`, where the outputs that the session keeps on the device are wanted too; they are the caller's to free. */
  runKeeping(
    feeds: Record<string, Feed>,
    into?: Record<string, HostTensor>,
  ): Promise<{ host: Record<string, Data>; kept: Record<string, DeviceTensor> }>;
  readonly inputNames: readonly string[];
  release(): Promise<void>;
}

/**
 * Loads a graph into an onnxruntime session, in the operators that suit the device. `keep` names outputs that stay in the
 * device's memory: WebGPU alone can do that (onnxruntime-node 1.30 has no tensors on other devices). An ONNX model as bytes
 * runs as it is.
 */
export async function createSession(
  model: Graph | Uint8Array,
  { device = "cpu", ...options }: SessionOptions = {},
  keep: readonly string[] = [],
): Promise<Session> {
  const bytes = model instanceof Uint8Array ? model : encode(lower(model, device));
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [device],
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    ...(options.threads ? { intraOpNumThreads: options.threads } : {}),
    interOpNumThreads: 1,
    // The pattern of the first run becomes one block for the later ones, beside what the first run took: twice the memory.
    enableMemPattern: false,
    enableCpuMemArena: options.keepMemory ?? true,
    ...(options.profile ? { enableProfiling: true, profileFilePrefix: options.profile } : {}),
    ...(keep.length > 0 ? { preferredOutputLocation: locations(keep) } : {}),
    // Idle threads that spin steal the second hyper-thread from our own host kernels (facts: engine, pitfalls).
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
  const kept = new Set(keep);
  const asTensor = (name: string, feed: Feed | undefined): ort.Tensor => {
    if (!feed) throw new Error(`internal: no feed for ${name}`);
    return "tensor" in feed ? feed.tensor : hostTensor(feed, narrowsIntegers(device));
  };
  async function runKeeping(feeds: Record<string, Feed>, into: Record<string, HostTensor> = {}) {
    const inputs: Record<string, ort.Tensor> = {};
    // An input that nothing uses was pruned from the model; feeding it would be an error.
    for (const name of session.inputNames) inputs[name] = asTensor(name, feeds[name]);
    const fetches: Record<string, ort.Tensor | null> = {};
    // A session that keeps outputs on the device leaves arrays it is given alone (onnxruntime 1.30).
    const inPlace = keep.length === 0;
    for (const name of session.outputNames) fetches[name] = inPlace && into[name] ? hostTensor(into[name]) : null;
    const results = await session.run(inputs, fetches);
    const host: Record<string, Data> = {};
    const onDevice: Record<string, DeviceTensor> = {};
    for (const name of session.outputNames) {
      if (kept.has(name)) {
        onDevice[name] = deviceTensor(results[name]!);
        continue;
      }
      // onnxruntime writes into a preallocated array but returns another tensor object: hand back the caller's own.
      const own = into[name]?.data as Float32Array | undefined;
      if (!inPlace) own?.set(results[name]!.data as Float32Array);
      host[name] = own ?? (results[name]!.data as Data);
    }
    return { host, kept: onDevice };
  }
  return {
    inputNames: session.inputNames,
    runKeeping,
    run: async (feeds, into) => (await runKeeping(feeds, into)).host,
    release() {
      if (options.profile) session.endProfiling();
      return session.release();
    },
  };
}

function locations(keep: readonly string[]): Record<string, "gpu-buffer"> {
  return Object.fromEntries(keep.map((name) => [name, "gpu-buffer"]));
}

function hostTensor({ data, shape }: HostTensor, narrow = false): ort.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor("float32", data, shape);
  if (data instanceof Float64Array) return new ort.Tensor("float64", data, shape);
  if (data instanceof Int32Array) return new ort.Tensor("int32", data, shape);
  if (narrow) return new ort.Tensor("int32", Int32Array.from(data, Number), shape);
  return new ort.Tensor("int64", data, shape);
}

function deviceTensor(tensor: ort.Tensor): DeviceTensor {
  return { tensor, shape: tensor.dims, free: () => tensor.dispose() };
}

/** The same memory under another shape of as many elements. Freeing either frees both. */
export function reshaped({ tensor }: DeviceTensor, shape: readonly number[]): DeviceTensor {
  const view = ort.Tensor.fromGpuBuffer(tensor.gpuBuffer, { dataType: "float32", dims: shape });
  return { tensor: view, shape, free: () => tensor.dispose() };
}

/** Version of onnxruntime, or "unknown" where the package does not say. */
export function engineVersion(): string {
  return ort.env.versions.node ?? "unknown";
}
