import type { Device } from "../evaluate/engine/session.ts";

/** One comparison of a device with the CPU, as a row of the table. */
export interface Check {
  readonly what: string;
  /** Largest difference, in the unit of `tolerance`. */
  readonly error: number;
  readonly tolerance: number;
  /** Nodes that ran elsewhere than on the device, copies to and from it included: "MemcpyToHost × 2". */
  readonly elsewhere: string;
}

/** Of WebGPU it is claimed that nothing runs elsewhere; of other providers it is only told what does. */
export function passes({ error, tolerance, elsewhere }: Check, device: Device): boolean {
  return error <= tolerance && (elsewhere === "" || device !== "webgpu");
}

/** Largest |a − b| in units of the largest |b|, or of `unit` where that is less; Infinity where only one is a number. */
export function relativeError(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>, unit = 1e-3): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const size = Math.max(unit, ...Array.from(b, (x) => Math.abs(Number(x))).filter(Number.isFinite));
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y)) continue;
    const error = Math.abs(x - y) / size;
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}
