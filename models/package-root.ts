import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "../formats/error.ts";

/**
 * The directory of bitfrontier's own package.json, found by walking up from `from` (default: this module), because
 * compiled code lies one or two folders below it depending on the build directory.
 * @throws UserError when no package.json named "bitfrontier" lies above.
 */
export function packageRoot(from: string = dirname(fileURLToPath(import.meta.url))): string {
  for (let dir = from; ; dir = dirname(dir)) {
    const manifest = join(dir, "package.json");
    if (existsSync(manifest)) {
      const parsed: unknown = JSON.parse(readFileSync(manifest, "utf8"));
      if (typeof parsed === "object" && parsed !== null && "name" in parsed && parsed.name === "bitfrontier")
        return dir;
    }
    if (dirname(dir) === dir)
      throw new UserError(`${from}: no package.json named "bitfrontier" in this folder or above`);
  }
}
