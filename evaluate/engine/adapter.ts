/** @file What the processor behind a device is called and how much memory it has; onnxruntime-node 1.30 tells neither. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cpus, freemem, totalmem } from "node:os";
import type { Device } from "./session.ts";

export interface Adapter {
  /** For people: "NVIDIA H100 80GB HBM3", "SwiftShader (software Vulkan)". */
  readonly name: string;
  /** Memory that a run may use; null where nothing here can tell. */
  readonly memoryBytes: number | null;
  /** A program that stands in for a GPU, slower than using the CPU. */
  readonly software: boolean;
}

/** Vulkan drivers by the library that the loader maps into the process. */
const VULKAN_DRIVERS: readonly (readonly [library: string, name: string, software: boolean])[] = [
  ["libvk_swiftshader", "SwiftShader (software Vulkan)", true],
  ["libvulkan_lvp", "lavapipe (software Vulkan)", true],
  ["libGLX_nvidia", "NVIDIA", false],
  ["libnvidia-vulkan", "NVIDIA", false],
  ["libvulkan_radeon", "AMD (RADV)", false],
  ["amdvlk", "AMD (AMDVLK)", false],
  ["libvulkan_intel", "Intel (ANV)", false],
  ["libvulkan_nouveau", "NVIDIA (NVK)", false],
  ["libvulkan_freedreno", "Qualcomm (Turnip)", false],
  ["libvulkan_asahi", "Apple (Honeykrisp)", false],
];

/** Asks the system; call it after a session has been made on the device, which loads its drivers. */
export function adapterOf(device: Device): Adapter {
  if (device === "cpu")
    return { name: cpus()[0]?.model.trim() ?? "unknown processor", memoryBytes: freemem(), software: false };
  if (process.platform === "darwin") {
    // Unified memory, of which Metal lets a process use about two thirds.
    const memoryBytes = Math.floor((totalmem() * 2) / 3);
    return { name: `${cpus()[0]?.model ?? "Apple"} (Metal)`, memoryBytes, software: false };
  }
  const drivers = device === "webgpu" ? vulkanDrivers() : [];
  const hardware = drivers.filter(([, , software]) => !software);
  if (drivers.length > 0 && hardware.length === 0) {
    return { name: drivers.map(([, name]) => name).join(" or "), memoryBytes: freemem(), software: true };
  }
  const nvidia = drivers.length === 0 || hardware.some(([, name]) => name === "NVIDIA") ? nvidiaGpu() : null;
  if (nvidia) return nvidia;
  const name = hardware.map(([, driver]) => driver).join(" or ") || "an unnamed GPU";
  const amd = hardware.some(([, driver]) => driver.startsWith("AMD"));
  return { name, memoryBytes: amd ? amdMemory() : null, software: false };
}

function vulkanDrivers() {
  let maps: string;
  try {
    maps = readFileSync("/proc/self/maps", "utf8");
  } catch {
    return [];
  }
  return VULKAN_DRIVERS.filter(([library]) => maps.includes(library));
}

function nvidiaGpu(): Adapter | null {
  const query = ["--query-gpu=name,memory.free", "--format=csv,noheader,nounits"];
  try {
    const out = execFileSync("nvidia-smi", query, {
      encoding: "utf8",
      timeout: 10_000,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [name, mebibytes] = out
      .split("\n")[0]!
      .split(",")
      .map((part) => part.trim());
    return { name: name!, memoryBytes: Number(mebibytes) > 0 ? Number(mebibytes) * 2 ** 20 : null, software: false };
  } catch {
    return null;
  }
}

function amdMemory(): number | null {
  try {
    const cards = readdirSync("/sys/class/drm").filter((name) => /^card\d+$/.test(name));
    const bytes = cards.map((card) => {
      const read = (file: string) => Number(readFileSync(`/sys/class/drm/${card}/device/${file}`, "utf8"));
      return read("mem_info_vram_total") - read("mem_info_vram_used");
    });
    return bytes.length > 0 ? Math.max(...bytes) : null;
  } catch {
    return null;
  }
}
