import { UserError } from "../../formats/error.ts";
import { ANY, createGraph, input, output, size } from "../graph/index.ts";
import { createSession, type DeviceTensor, type Feed, reshaped, type Session, type SessionOptions } from "./session.ts";
import { isOutOfMemory } from "./shrink.ts";

/** A model by tensor name: arrays, and tensors that are on the device already. */
export type Weights = ReadonlyMap<string, Float32Array | DeviceTensor>;

/** Named arrays where a session reads them best, until `free`. */
export interface Resident {
  readonly feeds: Record<string, Feed>;
  free(): void;
}

export interface Residence {
  /**
   * Puts weights where runs read them: into the device's memory where that can be held between runs (WebGPU), else nowhere,
   * and the feeds are the arrays themselves. On a device later changes of the arrays are not seen. Tensors that are there
   * already are fed as they are, and stay when the rest is freed.
   */
  place(weights: Weights, shapes: ReadonlyMap<string, readonly number[]>, prefix?: string): Promise<Resident>;
  /** The values of a tensor on the device. */
  fetch(tensor: DeviceTensor, length: number): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Devices whose memory onnxruntime-node can hold between runs. */
export function holdsState({ device }: SessionOptions): boolean {
  return device === "webgpu";
}

/**
 * Copies to and from the device are runs of a graph that does nothing: asking a tensor on the device for its data aborts
 * the process (onnxruntime-node 1.30).
 */
export function createResidence(options: SessionOptions): Residence {
  const { profile: _, ...engine } = options;
  let up: Promise<Session> | undefined;
  let down: Promise<Session> | undefined;
  async function upload(data: Float32Array, shape: readonly number[]): Promise<DeviceTensor> {
    up ??= createSession(identity(), engine, ["copy"]);
    const { kept } = await (await up).runKeeping({ x: { data, shape: [data.length] } });
    return reshaped(kept.copy!, shape);
  }
  return {
    async place(weights, shapes, prefix = "") {
      const feeds: Record<string, Feed> = {};
      const held: DeviceTensor[] = [];
      const free = () => {
        for (const tensor of held.splice(0)) tensor.free();
      };
      try {
        for (const [name, shape] of shapes) {
          const data = weights.get(name)!;
          if ("tensor" in data) feeds[prefix + name] = reshaped(data, shape);
          else if (!holdsState(options)) feeds[prefix + name] = { data, shape };
          else {
            held.push(await upload(data, shape));
            feeds[prefix + name] = held.at(-1)!;
          }
        }
      } catch (error) {
        free();
        if (!isOutOfMemory(error)) throw error;
        const bytes = [...shapes.values()].reduce((sum, shape) => sum + 4 * size(shape), 0);
        throw new UserError(
          `device ${options.device}: ${(bytes / 2 ** 30).toFixed(1)} GiB of weights do not fit its memory`,
        );
      }
      return { feeds, free };
    },
    async fetch(tensor, length) {
      down ??= createSession(identity(), engine);
      return (await (await down).run({ x: reshaped(tensor, [length]) })).copy as Float32Array;
    },
    async release() {
      for (const session of [up, down]) await (await session)?.release();
    },
  };
}

/** A graph that copies a vector of any length. */
function identity() {
  const graph = createGraph();
  output(graph, "copy", input(graph, "x", "float32", [ANY]));
  return graph;
}
