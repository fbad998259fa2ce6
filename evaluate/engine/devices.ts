import { fileURLToPath } from "node:url";
import { listSupportedBackends } from "onnxruntime-node";
import { UserError } from "../../formats/error.ts";
import { type Adapter, adapterOf } from "./adapter.ts";
import { copyRate, matmulRate, transferRate } from "./measure.ts";
import type { Device } from "./session.ts";

/** A device that works: plain data, so that it can be handed to another process. */
export interface FoundDevice extends Adapter {
  readonly device: Device;
}

/** What a record says of the device, among its versions; nothing where none was asked for. */
export function deviceVersions(device?: FoundDevice): { device?: string } {
  return device ? { device: `${device.device} (${device.name})` } : {};
}

/** A device that was tried. */
export type Probe = { readonly device: Device } & (
  | { readonly found: FoundDevice; readonly gflops: number }
  | { readonly found: null /** Why not, with what would help. */; readonly reason: string }
);

/**
 * In the order in which `auto` tries them. WebGPU stands before the system's own: its graphs are the tested ones, and CoreML
 * may compute in half precision.
 */
export const deviceOrder: readonly Device[] = ["cuda", "webgpu", "dml", "coreml", "cpu"];

/**
 * The command that adds what onnxruntime-node does not ship, for wherever it is installed. Its flag `=cuda12` is read as none at
 * all in 1.30, so that the script ends without a word under npm, or where the variable says skip.
 */
export const CUDA_COMMAND = `ONNXRUNTIME_NODE_INSTALL=1 node ${fileURLToPath(new URL("../script/install.js", import.meta.resolve("onnxruntime-node")))}`;

/**
 * The slowest rate at a product of 256×256 matrices that a GPU shows. Where the adapter cannot be named, this tells software
 * rasterizers (0.3 to 4 GFLOP/s here), which `auto` does not take since the CPU itself is faster.
 */
const GPU_GFLOPS = 5;

/** Size of the probe's product: 34 MFLOP, a tenth of a second on the slowest software Vulkan. */
const PROBE_SIZE = 256;

/** Tries a device with a small matrix product, whose result is checked. Never throws. */
export async function probeDevice(device: Device): Promise<Probe> {
  const absent = notInstalled(device);
  if (absent) return { device, found: null, reason: absent };
  try {
    const gflops = await matmulRate(device, PROBE_SIZE);
    return { device, found: { device, ...adapterOf(device) }, gflops };
  } catch (error) {
    return { device, found: null, reason: explain(device, (error as Error).message) };
  }
}

/** Rates of a device that was found; GB count reads and writes. */
export interface DeviceRates {
  readonly matmulGflops: number;
  readonly matmulSize: number;
  readonly copyGbs: number;
  readonly transferGbs: number;
}

/** A rate is measured for about this long, so that a list of devices takes seconds. */
const MEASURE_SECONDS = 0.25;
/** Past the caches of processors; 64 MiB fit the smallest GPU. */
const COPY_COUNT = 2 ** 24;

/** Measures a device, given the rate of its probe: sizes follow from it, as a GPU needs much larger ones than the CPU. */
export async function measureDevice(device: Device, probedGflops: number): Promise<DeviceRates> {
  const flops = probedGflops * 1e9 * MEASURE_SECONDS;
  const matmulSize = Math.min(4096, Math.max(PROBE_SIZE, 2 ** Math.floor(Math.log2(flops / 2) / 3)));
  const count = probedGflops < GPU_GFLOPS ? COPY_COUNT / 16 : COPY_COUNT;
  return {
    matmulGflops: await matmulRate(device, matmulSize),
    matmulSize,
    copyGbs: await copyRate(device, count),
    transferGbs: await transferRate(device, count),
  };
}

/**
 * The device to run on: the one asked for, or for "auto" the first of `deviceOrder` that works and is not software. `say` is
 * told which it is and, for "auto", why not the others. Throws UserError naming what is missing when the device asked for
 * does not work: nothing falls back without a word.
 */
export async function chooseDevice(
  asked: Device | "auto",
  say: (line: string) => void,
  probe: (device: Device) => Promise<Probe> = probeDevice,
): Promise<FoundDevice> {
  for (const device of asked === "auto" ? deviceOrder : [asked]) {
    const result = await probe(device);
    if (!result.found) {
      if (asked !== "auto") throw new UserError(`device ${device}: ${result.reason}`);
      say(`not ${device}: ${result.reason}`);
    } else if (asked === "auto" && device !== "cpu" && (result.found.software || result.gflops < GPU_GFLOPS)) {
      say(`not ${device}: ${result.found.name} is no GPU, it multiplies at ${result.gflops.toFixed(1)} GFLOP/s`);
    } else {
      say(`device ${device}: ${result.found.name}`);
      return result.found;
    }
  }
  throw new Error("internal: not even the CPU works");
}

/** Why this package of onnxruntime cannot have the device; null where it may. */
function notInstalled(device: Device): string | null {
  const known = listSupportedBackends().find(({ name }) => name === device);
  const platform = `${process.platform}-${process.arch}`;
  if (!known) return `onnxruntime-node has no ${device} on ${platform}`;
  if (known.bundled) return null;
  return device === "cuda"
    ? `its files are not installed; '${CUDA_COMMAND}' adds them (needs internet, CUDA 12 and cuDNN 9)`
    : `its files are not installed with onnxruntime-node on ${platform}`;
}

/** What onnxruntime's message means, in one line. */
function explain(device: Device, message: string): string {
  if (/Failed to get a WebGPU adapter/.test(message)) return `no adapter: no GPU, or no ${driver()} driver for it`;
  if (device === "cuda" && /load (shared )?library/i.test(message))
    return `its libraries do not load (CUDA 12 and cuDNN 9 must be on the loader's path): ${firstLine(message)}`;
  return firstLine(message);
}

function driver(): string {
  if (process.platform === "win32") return "Direct3D 12";
  return process.platform === "darwin" ? "Metal" : "Vulkan";
}

function firstLine(message: string): string {
  return message.trim().split("\n")[0]!.slice(0, 200);
}
