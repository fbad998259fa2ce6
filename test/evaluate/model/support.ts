import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../../evaluate/model/index.ts";
import { UserError } from "../../../formats/error.ts";

/** A fresh temporary directory for every test of the calling suite; `at(name)` is a path in it. */
export function temporaryDirectory(): { at(...names: string[]): string } {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "bf-model-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  return { at: (...names) => join(directory, ...names) };
}

/** Asserts that `action` throws a UserError of one line that holds every one of `words`. */
export function assertUserError(action: () => unknown, ...words: string[]): void {
  assert.throws(action, (error: unknown) => {
    assert.ok(error instanceof UserError, error instanceof Error ? error.stack : String(error));
    assert.ok(!error.message.includes("\n"), `more than one line: ${error.message}`);
    for (const word of words) assert.ok(error.message.includes(word), `"${word}" is not in: ${error.message}`);
    return true;
  });
}

/** A path in the folder of shared models and texts beside the repository, or null on a bare clone. */
export function sharedPath(...names: string[]): string | null {
  const path = join(packageRoot(), "..", "shared", ...names);
  return existsSync(path) ? path : null;
}
