/**
 * @file `npm run test:gpu [-- --install] [SUITE…]`: every provider beside the CPU. Without a GPU it runs on software Vulkan,
 * where it finds some; `--install` first downloads Debian's packages of it into .cache/vulkan (needs apt-get, no root).
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findSoftwareVulkan, installSoftwareVulkan } from "./softwareVulkan.ts";

const words = process.argv.slice(2);
const suites = words.filter((word) => !word.startsWith("--"));
if (words.includes("--install")) installSoftwareVulkan((line) => console.log(line));

const script = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
const hasGpu = spawnSync(process.execPath, [script("hasGpu")], { stdio: "ignore" }).status === 0;
const software = hasGpu && !words.includes("--software") ? [] : findSoftwareVulkan();
if (!hasGpu && software.length === 0) {
  console.log(
    "no GPU and no software Vulkan found: 'npm run test:gpu -- --install' downloads one (Debian and its kin)",
  );
  console.log("0 passed, 0 failed");
  process.exit(0);
}
const environments = hasGpu && software.length === 0 ? [{ name: "this machine", env: {} }] : software;
let failed = false;
for (const { name, env } of environments) {
  console.log(`\n## ${name}`);
  // Dawn's remarks on limits go to stderr; the table is on stdout.
  const { status, signal, stderr } = spawnSync(process.execPath, [script("parity"), ...suites], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "pipe"],
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) {
    failed = true;
    console.log(`\nended with ${status ?? signal}:\n${(stderr ?? "").trim().split("\n").slice(-20).join("\n")}`);
  }
}
process.exit(failed ? 1 : 0);
