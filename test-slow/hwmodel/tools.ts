import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Standard cells of OSU 0.18 µm with Liberty, Verilog models: Debian's qflow-tech-osu018. */
const OSU018 = "/usr/share/qflow/tech/osu018/osu018_stdcells";

export const osuLiberty = `${OSU018}.lib`;
export const osuModels = `${OSU018}.v`;

/** Why a test cannot run: tools on the PATH and files that are missing; "" if all are there. */
export function missing(tools: readonly string[], files: readonly string[] = []): string {
  const absent = [
    ...tools.filter((tool) => spawnSync(tool, ["-version"], { stdio: "ignore" }).error !== undefined),
    ...files.filter((file) => !existsSync(file)),
  ];
  return absent.length === 0 ? "" : `${absent.join(", ")} not installed (Debian: iverilog, opensta, qflow-tech-osu018)`;
}

/** Runs `tool` in a fresh folder that holds `files`; its standard output. */
export function runTool(tool: string, args: readonly string[], files: Record<string, string>): string {
  return inFolder(files, (folder) => execFileSync(tool, args, { cwd: folder, encoding: "utf8" }));
}

/** Simulates a test bench with Icarus Verilog: the lines it prints. */
export function simulate(files: Record<string, string>): string[] {
  return inFolder(files, (folder) => {
    execFileSync("iverilog", ["-g2005", "-o", "bench", ...Object.keys(files)], { cwd: folder, stdio: "pipe" });
    return execFileSync("vvp", ["-n", "bench"], { cwd: folder, encoding: "utf8" }).trim().split("\n");
  });
}

export function read(path: string): string {
  return readFileSync(path, "utf8");
}

function inFolder<T>(files: Record<string, string>, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "bitfrontier-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
