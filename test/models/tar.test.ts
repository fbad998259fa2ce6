import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { UserError } from "../../formats/error.ts";
import { MAX_ENTRIES, readTarball } from "../../models/tar.ts";

interface Entry {
  path: string;
  data?: string;
  type?: string;
  size?: string;
  prefix?: string;
}

function tar(entries: Entry[], end = true): Buffer {
  const blocks = entries.flatMap(({ path, data = "", type = "0", size, prefix = "" }) => {
    const header = Buffer.alloc(512);
    header.write(path, 0, 100, "utf8");
    header.write("0000644\0", 100);
    header.write(size ?? `${Buffer.byteLength(data).toString(8).padStart(11, "0")}\0`, 124);
    header.write("        ", 148);
    header.write(type, 156);
    header.write("ustar\x0000", 257);
    header.write(prefix, 345);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(data) / 512) * 512);
    body.write(data);
    return [header, body];
  });
  return Buffer.concat(end ? [...blocks, Buffer.alloc(1024)] : blocks);
}

function read(entries: Entry[]): Map<string, Uint8Array> {
  return readTarball(gzipSync(tar(entries)), "a.tgz");
}

function refuses(archive: Uint8Array, message: RegExp): void {
  assert.throws(
    () => readTarball(archive, "a.tgz"),
    (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, /^a\.tgz: /);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    },
  );
}

describe("models/tar", () => {
  it("readTarball reads files, joins the ustar prefix and skips folders", () => {
    const files = read([
      { path: "package/", type: "5" },
      { path: "package/empty.txt" },
      { path: "whale.txt", prefix: "package/data", data: "Call me Ishmael.".repeat(100) },
    ]);
    assert.deepEqual([...files.keys()], ["package/empty.txt", "package/data/whale.txt"]);
    assert.equal(files.get("package/empty.txt")?.length, 0);
    assert.equal(Buffer.from(files.get("package/data/whale.txt")!).toString(), "Call me Ishmael.".repeat(100));
  });

  for (const path of ["../up.txt", "package/../../up.txt", "/etc/x", "C:/x", "a\\..\\x", "a//b", "./a", ".."]) {
    it(`readTarball refuses the unsafe path ${path}`, () => {
      refuses(gzipSync(tar([{ path, data: "x" }])), /unsafe path/);
    });
  }

  it("readTarball refuses a climbing prefix", () => {
    refuses(gzipSync(tar([{ path: "x", prefix: "a/../.." }])), /unsafe path/);
  });

  for (const type of ["1", "2", "3", "6", "L", "x", "g"]) {
    it(`readTarball refuses entry type ${type}`, () => {
      refuses(gzipSync(tar([{ path: "package/link", type }])), /entry type/);
    });
  }

  it("readTarball refuses a size that is negative, not octal, or past the end", () => {
    refuses(gzipSync(tar([{ path: "x", size: "-0000000001\0" }])), /not an octal number/);
    refuses(gzipSync(tar([{ path: "x", size: "00000000009\0" }])), /not an octal number/);
    refuses(gzipSync(tar([{ path: "x", size: "77777777777\0" }])), /reach past the archive's end/);
  });

  it("readTarball refuses a repeated path", () => {
    refuses(
      gzipSync(
        tar([
          { path: "x", data: "1" },
          { path: "x", data: "2" },
        ]),
      ),
      /appears twice/,
    );
  });

  it("readTarball refuses a changed header", () => {
    const bytes = tar([{ path: "x", data: "1" }]);
    bytes[0] = 0x79;
    refuses(gzipSync(bytes), /checksum/);
  });

  it("readTarball refuses an archive without an end marker, cut inside a header, or empty", () => {
    refuses(gzipSync(tar([{ path: "x", data: "1" }], false)), /end marker/);
    refuses(gzipSync(tar([{ path: "x", data: "1" }]).subarray(0, 700)), /end marker/);
    refuses(gzipSync(Buffer.alloc(0)), /end marker/);
  });

  it("readTarball refuses what is not gzip, and a truncated gzip", () => {
    refuses(Buffer.from("<html>404</html>"), /expected a gzip file/);
    const whole = gzipSync(tar([{ path: "x", data: "1" }]));
    refuses(whole.subarray(0, whole.length - 12), /expected a gzip file/);
  });

  it("readTarball refuses a decompression bomb", () => {
    const bomb = gzipSync(Buffer.alloc(257 * 1024 * 1024), { level: 1 });
    refuses(bomb, /at most 268435456 bytes/);
  });

  it("readTarball refuses too many entries", () => {
    const folders = Array.from({ length: MAX_ENTRIES + 1 }, () => ({ path: "d/", type: "5" }));
    refuses(gzipSync(tar(folders)), /more than 10000 entries/);
  });
});
