import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../evaluate/model/index.ts";

/** A Vulkan driver that needs no GPU, and what a process needs in its environment to use it. */
export interface SoftwareVulkan {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Where `--install` unpacks Debian packages; nothing is installed into the system. */
const unpacked = join(packageRoot(), ".cache", "vulkan");

const CHROMIUM = "usr/lib/chromium";

/** SwiftShader comes with Chromium, with a loader of Vulkan beside it; lavapipe with Mesa (25 works, 22 is refused). */
export function findSoftwareVulkan(): SoftwareVulkan[] {
  const found: SoftwareVulkan[] = [];
  for (const root of [join(unpacked, "chromium-common"), "/"]) {
    const icd = join(root, CHROMIUM, "vk_swiftshader_icd.json");
    if (!existsSync(icd) || found.length > 0) continue;
    found.push({ name: "SwiftShader", env: { VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: join(root, CHROMIUM) } });
  }
  for (const root of [join(unpacked, "mesa-vulkan-drivers"), "/"]) {
    const folder = join(root, "usr", "share", "vulkan", "icd.d");
    const file = existsSync(folder) && readdirSync(folder).find((name) => name.startsWith("lvp_icd"));
    if (!file || found.some(({ name }) => name === "lavapipe")) continue;
    const icd = root === "/" ? join(folder, file) : absoluteIcd(root, join(folder, file));
    if (!icd) continue;
    const loader = found[0]?.env.LD_LIBRARY_PATH;
    found.push({ name: "lavapipe", env: { VK_ICD_FILENAMES: icd, ...(loader && { LD_LIBRARY_PATH: loader }) } });
  }
  return found;
}

/** An unpacked driver's description names its library without a folder: this writes one that does. */
function absoluteIcd(root: string, path: string): string | null {
  const icd = JSON.parse(readFileSync(path, "utf8")) as { ICD: { library_path: string } };
  const libraries = join(root, "usr", "lib");
  const file = readdirSync(libraries, { recursive: true, encoding: "utf8" }).find((name) =>
    name.endsWith("libvulkan_lvp.so"),
  );
  if (!file) return null;
  icd.ICD.library_path = join(libraries, file);
  const out = join(root, "lvp_icd.absolute.json");
  writeFileSync(out, JSON.stringify(icd));
  return out;
}

/**
 * Downloads the Debian packages that hold the drivers and unpacks them into .cache/vulkan. Mesa's is taken only from 23 on
 * (Debian 13, or the backports of 12, if they are among apt's sources). Says what it did or why it could not.
 */
export function installSoftwareVulkan(say: (line: string) => void): void {
  for (const name of ["chromium-common", "mesa-vulkan-drivers"]) {
    const policy = spawnSync("apt-cache", ["policy", name], { encoding: "utf8" });
    const versions = [...(policy.stdout ?? "").matchAll(/^ +(?:\*\*\* )?(\d\S*) -?\d+$/gm)].map((m) => m[1]!);
    const version = versions.find((v) => name !== "mesa-vulkan-drivers" || Number.parseInt(v, 10) >= 23);
    if (!version) {
      say(`${name}: apt offers none that works`);
      continue;
    }
    const folder = mkdtempSync(join(tmpdir(), "bitfrontier-vulkan-"));
    const target = join(unpacked, name);
    mkdirSync(target, { recursive: true });
    const got = spawnSync("apt-get", ["download", `${name}=${version}`], { cwd: folder, encoding: "utf8" });
    const file = readdirSync(folder)[0];
    const done = got.status === 0 && file && spawnSync("dpkg-deb", ["-x", join(folder, file), target]).status === 0;
    rmSync(folder, { recursive: true, force: true });
    say(done ? `${name} ${version} unpacked in ${target}` : `${name}: could not be downloaded: ${got.stderr?.trim()}`);
  }
}
