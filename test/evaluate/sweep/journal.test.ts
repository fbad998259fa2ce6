import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JOURNAL_FILE, openJournal, parseJournal, readJournal } from "../../../evaluate/sweep/index.ts";
import { openLine, sealLine } from "../../../evaluate/sweep/journalLines.ts";
import { rowOf } from "./rows.ts";

const appender = [fileURLToPath(new URL("./appender.js", import.meta.url))];

describe("openJournal", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-journal-"));
    file = join(folder, JOURNAL_FILE);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function written(...keys: string[]): Promise<void> {
    const journal = await openJournal(folder);
    for (const key of keys) await journal.append(rowOf(key));
    await journal.close();
  }

  async function reopened() {
    const journal = await openJournal(folder);
    await journal.close();
    return journal;
  }

  it("makes the folder, keeps rows across openings in order, and leaves no lock behind", async () => {
    folder = join(folder, "deep", "er");
    file = join(folder, JOURNAL_FILE);
    await written("a", "b");
    await written("c");
    const journal = await reopened();
    assert.deepEqual([...journal.rows.keys()], ["a", "b", "c"]);
    assert.deepEqual(journal.rows.get("b"), rowOf("b"));
    assert.deepEqual(journal.warnings, []);
    assert.equal(existsSync(join(folder, "journal.lock")), false);
  });

  it("writes one JSON object a line, so that other tools can read the rows", async () => {
    await written("a", "b");
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    assert.equal(lines.length, 3);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).key),
      [undefined, "a", "b"],
    );
    assert.equal(JSON.parse(lines[1]!).perplexity, 12.5);
  });

  it("a line's checksum notices any changed character", () => {
    const line = sealLine({ key: "a", perplexity: 12.5 }).trimEnd();
    assert.deepEqual(openLine(line), { key: "a", perplexity: 12.5 });
    for (let i = 0; i < line.length; i++) {
      const changed = line.slice(0, i) + (line[i] === "7" ? "8" : "7") + line.slice(i + 1);
      assert.equal(openLine(changed), null, `character ${i}`);
    }
  });

  it("cuts a tail torn at any byte, warns, and takes the next row in its place", async () => {
    await written("a", "b");
    const whole = readFileSync(file);
    const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (const cut of [lastLine + 1, lastLine + 50, whole.length - 2, whole.length - 1]) {
      writeFileSync(file, whole.subarray(0, cut));
      const journal = await openJournal(folder);
      assert.deepEqual([...journal.rows.keys()], ["a"]);
      assert.equal(journal.warnings.length, 1);
      assert.match(journal.warnings[0]!, /line 3 was torn by a crash/);
      await journal.append(rowOf("b"));
      await journal.close();
      assert.deepEqual(readFileSync(file), whole);
    }
  });

  it("starts anew when even the first line was torn, or is zeros after a power cut", async () => {
    await written();
    const header = readFileSync(file);
    for (const torn of [header.subarray(0, 10), Buffer.alloc(200)]) {
      writeFileSync(file, torn);
      const journal = await reopened();
      assert.match(journal.warnings[0]!, /first line was torn/);
      assert.deepEqual(readFileSync(file), header);
    }
  });

  it("skips a damaged line in the middle, counts it and says which", async () => {
    await written("a", "b", "c");
    const text = readFileSync(file, "utf8").replace('"key":"b"', '"key":"x"');
    writeFileSync(file, text);
    const journal = await reopened();
    assert.deepEqual([...journal.rows.keys()], ["a", "c"]);
    assert.equal(journal.corrupt, 1);
    assert.match(journal.warnings[0]!, /journal\.jsonl: line 3 is damaged and skipped/);
    assert.equal(readFileSync(file, "utf8"), text, "the damaged line stays for whoever wants to look");
  });

  it("skips a line that verifies but is no row", async () => {
    await written("a");
    appendFileSync(file, sealLine({ format: "no key" }));
    const journal = await reopened();
    assert.deepEqual([journal.corrupt, [...journal.rows.keys()]], [1, ["a"]]);
  });

  it("keeps the first of two rows with one key, on disk and on append", async () => {
    await written("a");
    appendFileSync(file, sealLine(rowOf("a", { perplexity: 99 })));
    const journal = await openJournal(folder);
    assert.equal(journal.rows.get("a")?.perplexity, 12.5);
    assert.match(journal.warnings[0]!, /line 3 repeats the trial of line 2; the first counts/);
    assert.equal(await journal.append(rowOf("a", { perplexity: 98 })), false);
    assert.equal(await journal.append(rowOf("b")), true);
    await journal.close();
    assert.equal(readFileSync(file, "utf8").split("\n").length, 5);
  });

  it("puts many appends asked for at once on disk in order, each once", async () => {
    const journal = await openJournal(folder);
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    await Promise.all(keys.flatMap((key) => [journal.append(rowOf(key)), journal.append(rowOf(key))]));
    await journal.close();
    assert.deepEqual([...(await readJournal(folder)).rows.keys()], keys);
  });

  it("refuses a row with NaN, infinity or a typed array, naming the field, and stays usable", async () => {
    const journal = await openJournal(folder);
    await assert.rejects(journal.append(rowOf("a", { perplexity: Number.NaN })), {
      name: "UserError",
      message: "row of sf4@g32: perplexity is NaN, not a number",
    });
    await assert.rejects(journal.append(rowOf("a", { windowLoss: [1, Number.POSITIVE_INFINITY] })), /windowLoss: 1/);
    await assert.rejects(journal.append(rowOf("a", { config: { x: new Float32Array(1) } })), /config: x is a typed/);
    assert.equal(await journal.append(rowOf("a")), true);
    await journal.close();
    assert.equal((await readJournal(folder)).rows.size, 1);
  });

  it("refuses a file that is no journal and leaves it as it was", async () => {
    for (const content of ["hello", "hello\n", '{"key":"a"}\n', "\n\n"]) {
      writeFileSync(file, content);
      await assert.rejects(openJournal(folder), { name: "UserError", message: /not a bitfrontier journal: line 1/ });
      assert.equal(readFileSync(file, "utf8"), content);
      assert.equal(existsSync(join(folder, "journal.lock")), false, "a refused journal is not left locked");
    }
  });

  it("refuses a journal of another version", async () => {
    writeFileSync(file, sealLine({ journal: "bitfrontier", version: 2 }));
    await assert.rejects(openJournal(folder), { name: "UserError", message: /journal version 2; .* reads version 1/ });
  });

  it("names the folder when it is a file", async () => {
    writeFileSync(join(folder, "taken"), "");
    await assert.rejects(openJournal(join(folder, "taken")), { name: "UserError", message: /taken/ });
    await assert.rejects(openJournal(join(folder, "taken", "below")), { name: "UserError", message: /taken/ });
  });

  it("refuses a device in the journal's place, which may never end", async function () {
    if (!existsSync("/dev/zero")) this.skip();
    symlinkSync("/dev/zero", file);
    await assert.rejects(openJournal(folder), { name: "UserError", message: /journal\.jsonl: not a regular file/ });
    assert.equal(existsSync(join(folder, "journal.lock")), false);
  });

  it("names the file when a write fails half-way, keeps what was acknowledged and leaves no half line", function () {
    if (process.platform === "win32") this.skip();
    this.timeout(20_000);
    // A file size limit stops the write inside a line, as a full disk does.
    const run = spawnSync(
      "sh",
      ["-c", `trap "" XFSZ; ulimit -f 64; exec "$0" "$@"`, process.execPath, ...appender, folder],
      { encoding: "utf8" },
    );
    assert.match(run.stderr, /UserError: cannot write .*journal\.jsonl: .*EFBIG/);
    const bytes = readFileSync(file);
    assert.equal(bytes.at(-1), 10);
    const { rows, warnings } = parseJournal(bytes, file);
    assert.deepEqual([...rows.keys()], run.stdout.trimEnd().split("\n"));
    assert.ok(rows.size > 3);
    assert.deepEqual(warnings, []);
  });

  it("names the journal when it is a folder, or absent for a reader", async () => {
    await assert.rejects(readJournal(folder), { name: "UserError", message: /journal\.jsonl.*ENOENT/ });
    mkdirSync(file);
    await assert.rejects(openJournal(folder), { name: "UserError", message: /journal\.jsonl/ });
  });

  it("refuses a second sweep on the folder while the first holds it, also in the same process", async () => {
    const first = await openJournal(folder);
    await assert.rejects(openJournal(folder), {
      name: "UserError",
      message: new RegExp(`journal\\.lock: another sweep \\(process ${process.pid}, since 2`),
    });
    await first.append(rowOf("a"));
    await first.close();
    await first.close();
    assert.equal((await reopened()).rows.size, 1);
  });

  const lock = (fields: object) =>
    writeFileSync(
      join(folder, "journal.lock"),
      JSON.stringify({ pid: 4_000_000, host: hostname(), processStart: null, since: "then", token: "t", ...fields }),
    );

  it("takes over the lock of a process that is gone, and says so", async () => {
    lock({});
    assert.match((await reopened()).warnings[0]!, /took over from process 4000000/);
    assert.equal(existsSync(join(folder, "journal.lock")), false);
  });

  it("takes over when the pid now belongs to another process", async function () {
    if (process.platform !== "linux") this.skip();
    lock({ pid: process.pid, processStart: "1@another-boot" });
    assert.match((await reopened()).warnings[0]!, /took over/);
  });

  it("takes over a lock that stays half-written, but not before its owner had time to finish", async function () {
    this.timeout(5000);
    writeFileSync(join(folder, "journal.lock"), '{"pid":1');
    const start = performance.now();
    await reopened();
    assert.ok(performance.now() - start > 900);
  });

  it("does not take over from another host, whose processes cannot be seen", async () => {
    lock({ host: "some-other-machine" });
    await assert.rejects(openJournal(folder), { name: "UserError", message: /4000000 on some-other-machine/ });
  });

  it("of many openings at once over a stale lock exactly one wins", async () => {
    lock({});
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => openJournal(folder)));
    const won = results.filter((result) => result.status === "fulfilled");
    assert.equal(won.length, 1);
    await won[0]!.value.close();
  });
});
