import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openJournal, readJournal } from "../../evaluate/sweep/index.ts";
import type { Row } from "../../evaluate/trial/row.ts";
import { tinyText, writeTinyModel } from "./tinyModel.ts";

const main = fileURLToPath(new URL("../../cli/main.js", import.meta.url));

describe("an interrupted bitfrontier sweep", function () {
  this.timeout(60_000);
  let folder: string;
  let words: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "bitfrontier-interrupt-"));
    const model = writeTinyModel(join(folder, "model"));
    const text = join(folder, "text.txt");
    writeFileSync(text, tinyText(12_000));
    const formats = "sf4,nf4,int4,e2m1,e2m1+sr,apot4,af4,e3m0";
    words = [
      "sweep",
      "--formats",
      formats,
      "--models",
      model,
      "--tasks",
      `perplexity:${text}`,
      "--context",
      "16",
      "--groups",
      "8,16,32",
    ];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Starts a sweep into folder/out; `progress` resolves when a line of progress matches. */
  function start(out: string) {
    const child = spawn(process.execPath, [main, ...words, "--out", join(folder, out)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const state = { err: "" };
    const closed = once(child, "close") as Promise<[number | null, string | null]>;
    const progress = async (pattern: RegExp) => {
      while (!pattern.test(state.err)) {
        const ended = await Promise.race([once(child.stderr, "data").then(() => false), closed.then(() => true)]);
        if (ended && !pattern.test(state.err)) throw new Error(`ended without ${pattern}: ${state.err}`);
      }
    };
    child.stderr.on("data", (part: Buffer) => {
      state.err += part;
    });
    return { child, state, closed, progress };
  }

  const rowsOf = async (out: string) =>
    [...(await readJournal(join(folder, out))).rows.values()].map(({ timing: _, ...row }: Row) => row);

  it("by Ctrl-C finishes its trial, says how to go on, and exits 1; the next run ends with the rows of an uninterrupted one", async function () {
    // Windows has no signals a process could answer: kill() ends it at once, which the next test covers.
    if (process.platform === "win32") this.skip();
    const first = start("a");
    await first.progress(/^3\//m);
    first.child.kill("SIGINT");
    const [code] = await first.closed;
    assert.equal(code, 1);
    assert.match(
      first.state.err,
      /\nbitfrontier: interrupted with \d+ trials open; the same command goes on from here\n$/,
    );
    assert.equal(existsSync(join(folder, "a", "journal.lock")), false);
    const kept = (await rowsOf("a")).length;
    assert.ok(kept >= 3 && kept < 25, `${kept} rows`);

    const [[resumed], [whole]] = [await start("a").closed, await start("b").closed];
    assert.deepEqual([resumed, whole], [0, 0]);
    assert.deepEqual(await rowsOf("a"), await rowsOf("b"));
  });

  it("by kill -9 it loses nothing it has reported, and the next run takes the folder over", async () => {
    const first = start("c");
    await first.progress(/^5\//m);
    first.child.kill("SIGKILL");
    await first.closed;
    assert.ok((await rowsOf("c")).length >= 5);
    const second = start("c");
    const [code] = await second.closed;
    assert.equal(code, 0);
    assert.match(second.state.err, /^warning: .*took over from process \d+, which is gone\n/);
    const keys = (await rowsOf("c")).map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length);
  });

  it("while another runs, a second one on its folder is refused and does no harm", async () => {
    // This process stands for the first sweep: it surely holds the folder for as long as the second one lives.
    const first = await openJournal(join(folder, "d"));
    try {
      const second = start("d");
      const [code] = await second.closed;
      assert.equal(code, 1);
      assert.match(
        second.state.err,
        /journal\.lock: another sweep \(process \d+, since .*\) is writing to this folder/,
      );
      assert.equal(second.state.err.split("\n").length, 2);
      assert.equal((await readJournal(join(folder, "d"))).rows.size, 0);
    } finally {
      await first.close();
    }
    assert.deepEqual(await start("d").closed, [0, null]);
  });
});
