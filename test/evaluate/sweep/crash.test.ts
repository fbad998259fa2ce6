import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { JOURNAL_FILE, openJournal } from "../../../evaluate/sweep/index.ts";

const KILLS = 30;

describe("journal under kill -9", () => {
  it(`loses and doubles no acknowledged row over ${KILLS} kills at random moments`, async function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), "bitfrontier-crash-"));
    try {
      const acknowledged: string[] = [];
      let torn = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const child = spawn(process.execPath, [fileURLToPath(new URL("./appender.js", import.meta.url)), folder], {
          stdio: ["ignore", "pipe", "pipe"],
        });
        const exited = once(child, "exit");
        let out = "";
        let errors = "";
        child.stderr.on("data", (part: Buffer) => (errors += part));
        const started = once(child.stdout, "data");
        child.stdout.on("data", (part: Buffer) => (out += part));
        const closed = once(child.stdout, "close");
        await Promise.race([started, exited]);
        assert.equal(child.exitCode, null, errors);
        await sleep(Math.random() * 60);
        child.kill("SIGKILL");
        await exited;
        await closed;
        acknowledged.push(...out.split("\n").slice(0, -1));

        const journal = await openJournal(folder);
        const keys = [...journal.rows.keys()];
        if (journal.warnings.some((warning) => warning.includes("torn"))) torn++;
        await journal.close();
        assert.equal(journal.corrupt, 0);
        const present = new Set(keys);
        assert.deepEqual(
          acknowledged.filter((key) => !present.has(key)),
          [],
        );
        // A row may be on disk whose acknowledgement the kill cut off, but no more than the one in flight.
        assert.ok(keys.length - new Set(acknowledged).size <= kill + 1);
      }
      const lines = readFileSync(join(folder, JOURNAL_FILE), "utf8").trimEnd().split("\n").slice(1);
      const keys = lines.map((line) => JSON.parse(line).key as string);
      assert.deepEqual(
        keys,
        Array.from({ length: keys.length }, (_, i) => `key-${i}`),
      );
      assert.equal(new Set(acknowledged).size, acknowledged.length, "no key was acknowledged twice");
      assert.ok(acknowledged.length > KILLS, `${acknowledged.length} acknowledged, ${torn} torn tails`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
