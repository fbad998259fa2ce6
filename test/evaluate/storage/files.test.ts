import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureWritableDir, pathIs, writeFileAtomic } from "../../../evaluate/storage/files.ts";
import { UserError } from "../../../formats/error.ts";

describe("evaluate/storage/files", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "bf-files-"));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("writeFileAtomic replaces a file and leaves nothing else behind", () => {
    const path = join(directory, "a.txt");
    writeFileSync(path, "old and longer");
    writeFileAtomic(path, "new é");
    assert.equal(readFileSync(path, "utf8"), "new é");
    assert.deepEqual(readdirSync(directory), ["a.txt"]);
  });

  it("writeFileAtomic writes the parts of an iterable in order", () => {
    const path = join(directory, "b.bin");
    writeFileAtomic(path, [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]);
    assert.deepEqual([...readFileSync(path)], [1, 2, 3]);
  });

  it("writeFileAtomic keeps the old file when producing the data fails half-way", () => {
    const path = join(directory, "c.bin");
    writeFileSync(path, "old");
    function* failing(): Generator<Uint8Array> {
      yield Uint8Array.of(9);
      throw new Error("producer failed");
    }
    assert.throws(() => writeFileAtomic(path, failing()), /producer failed/);
    assert.equal(readFileSync(path, "utf8"), "old");
    assert.deepEqual(readdirSync(directory), ["c.bin"]);
  });

  it("writeFileAtomic names the path when the folder is absent or the target is a folder", () => {
    const absent = join(directory, "no", "d.txt");
    assert.throws(() => writeFileAtomic(absent, "x"), matches(absent, /no such file or folder/));
    const folder = join(directory, "folder");
    mkdirSync(join(folder, "full"), { recursive: true });
    assert.throws(() => writeFileAtomic(folder, "x"), matches(folder, /cannot write/));
    assert.deepEqual(readdirSync(directory), ["folder"]);
  });

  it("ensureWritableDir makes nested folders and leaves them empty", () => {
    const nested = join(directory, "x", "y");
    ensureWritableDir(nested);
    assert.ok(pathIs("directory", nested));
    assert.deepEqual(readdirSync(nested), []);
  });

  it("ensureWritableDir refuses /proc at once, where mkdir's recursive never returns", function () {
    if (process.platform !== "linux") this.skip();
    assert.throws(
      () => ensureWritableDir("/proc/bitfrontier/out"),
      matches("/proc/bitfrontier/out", /cannot write to folder/),
    );
  });

  it("ensureWritableDir refuses a file in the way, by name", () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    assert.throws(() => ensureWritableDir(file), matches(file, /cannot write to folder/));
    assert.throws(() => ensureWritableDir(join(file, "sub")), matches(file, /cannot write to folder/));
  });

  it("ensureWritableDir refuses a read-only folder", function () {
    if (process.platform === "win32" || process.getuid?.() === 0) this.skip();
    const locked = join(directory, "locked");
    mkdirSync(locked, { mode: 0o500 });
    assert.throws(() => ensureWritableDir(locked), matches(locked, /permission denied/));
  });
});

function matches(path: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.ok(error.message.includes(path), error.message);
    assert.match(error.message, pattern);
    assert.ok(!error.message.includes("\n"));
    return true;
  };
}
