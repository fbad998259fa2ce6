import { type Format, UserError } from "../../formats/index.ts";
import type { Weights } from "../engine/residence.ts";
import { createSession, type DeviceTensor, reshaped, type Session, type SessionOptions } from "../engine/session.ts";
import { isOutOfMemory } from "../engine/shrink.ts";
import { createGraph, fakeQuantize, input, mul, output, sub, sum } from "../graph/index.ts";
import { requireFittable } from "../graph/quantization/groupFit.ts";
import { grouped } from "../graph/quantization/groups.ts";
import { nodes } from "../graph/quantization/nodes.ts";
import type { LayerLog, Matrix, MethodResult } from "./method.ts";

/** Rounds a model's matrices to nearest on a device that holds them. */
export interface DeviceRounder {
  /** As `rtn`, scales found in the device's widest type; `placed` is the caller's to free. Throws UserError for formats without nodes. */
  round(format: Format, matrices: readonly Matrix[]): Promise<MethodResult>;
  release(): Promise<void>;
}

/** `weights` are asked for at each rounding. Sessions of the last format, one for each shape of a matrix, are kept. */
export function createDeviceRounder(
  model: string,
  weights: () => Promise<Weights>,
  engine: SessionOptions,
): DeviceRounder {
  const sessions = new Map<string, Session>();
  let compiled: string | null = null;
  const release = async () => {
    for (const session of sessions.values()) await session.release();
    sessions.clear();
  };
  const sessionOf = async (format: Format, rows: number, cols: number) => {
    if (compiled !== format.id) await release();
    compiled = format.id;
    const shape = `${rows} ${cols}`;
    const session =
      sessions.get(shape) ?? (await createSession(roundingGraph(format, rows, cols, engine), engine, ["y"]));
    sessions.set(shape, session);
    return session;
  };
  return {
    async round(format, matrices) {
      requireFittable(format);
      const all = await weights();
      const placed = new Map<string, DeviceTensor>();
      const sums = { errors: 0, squares: 0 };
      const warnings: string[] = [];
      const layers: LayerLog[] = [];
      try {
        for (const { name, rows, cols } of matrices) {
          const own = all.get(name)!;
          const x = "tensor" in own ? reshaped(own, [rows, cols]) : { data: own, shape: [rows, cols] };
          const { host, kept } = await (await sessionOf(format, rows, cols)).runKeeping({ x });
          placed.set(name, kept.y!);
          const total = (part: string) => (host[part] as Float32Array).reduce((a, b) => a + b, 0);
          const [errors, squares, zeroGroups] = [total("errors"), total("squares"), total("zeros")];
          sums.errors += errors;
          sums.squares += squares;
          layers.push({ name, shape: [rows, cols], relativeMse: squares > 0 ? errors / squares : 0, zeroGroups });
          if (zeroGroups > 0) warnings.push(`${name}: ${zeroGroups} groups are all zero`);
        }
      } catch (error) {
        for (const tensor of placed.values()) tensor.free();
        if (!isOutOfMemory(error)) throw error;
        throw new UserError(`${model}: rounded on device ${engine.device}, its weights do not fit its memory`);
      }
      const weightMse = sums.squares > 0 ? sums.errors / sums.squares : 0;
      return { layers, weightMse, extraBitsPerWeight: 0, warnings, placed };
    },
    release,
  };
}

/** Outputs: `y`, x [rows, cols] rounded; for each row or line the sums of squares of the change and of x, and how many groups are zeros. */
function roundingGraph(format: Format, rows: number, cols: number, { device }: SessionOptions) {
  const graph = createGraph(device);
  const x = input(graph, "x", "float32", [rows, cols]);
  const y = fakeQuantize(graph, x, { format });
  const change = sub(graph, y, x);
  output(graph, "y", y);
  output(graph, "errors", sum(graph, mul(graph, change, change), [1]));
  output(graph, "squares", sum(graph, mul(graph, x, x), [1]));
  const n = nodes(graph);
  const isZero = n.cast(n.atMost(n.largest(n.abs(grouped(n, format, x).values), [2]), 0), "float32");
  output(graph, "zeros", n.sum(isZero, [1]));
  return graph;
}
