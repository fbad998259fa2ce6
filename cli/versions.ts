import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../evaluate/model/index.ts";

/** Versions of what makes the numbers, for rows and reports. */
export function versions(): Record<string, string> {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return { bitfrontier: version, node: process.versions.node };
}
