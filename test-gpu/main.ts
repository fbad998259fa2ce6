/**
 * @file `npm run test:gpu [-- --install] [SUITE…]`: every provider beside the CPU. Without a GPU it runs on software Vulkan,
 * where it finds some; `--install` first downloads Debian's packages of it into .cache/vulkan (needs apt-get, no root).
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findSoftwareVulkan, installSoftwareVulkan } from "./softwareVulkan.ts";

const words = process.argv.slice(2);
const suites = words.filter((word) => !word.startsWith("--"));
const unknown = words.filter((word) => word.startsWith("--") && !["--install", "--software"].includes(word));
if (unknown.length > 0) throw new Error(`${unknown.join(" ")}: not known; --install, --software, or names of suites`);
if (words.includes("--install")) installSoftwareVulkan((line) => console.log(line));

const script = (name: string) => fileURLToPath(new URL(`./${name}.js`, import.meta.url));
const probed = spawnSync(process.execPath, [script("hasGpu")], {
  stdio: ["ignore", "pipe", "ignore"],
  encoding: "utf8",
});
const takesGpu = probed.status === 0 && !words.includes("--software");
const environments = takesGpu ? [{ name: "this machine", env: {} }] : findSoftwareVulkan();
if (environments.length === 0) {
  console.log(probed.stdout || `asking for devices ended with ${probed.status ?? probed.signal}`);
  console.log(
    "no GPU and no software Vulkan found: 'npm run test:gpu -- --install' downloads one (Debian and its kin)",
  );
  console.log("0 passed, 0 failed");
}
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
process.exitCode = failed ? 1 : 0;
