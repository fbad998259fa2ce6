import { statSync } from "node:fs";
import { type Provider, providers } from "../evaluate/graph/provider.ts";
import { pathIs } from "../evaluate/storage/files.ts";
import { readJournal, readRowFile } from "../evaluate/sweep/index.ts";
import type { Row } from "../evaluate/trial/row.ts";
import { UserError } from "../formats/error.ts";
import { codebookOption } from "./codebooks.ts";
import { deviceInput, deviceOption } from "./device.ts";
import { fetchProgress } from "./fetchProgress.ts";
import type { Command } from "./options.ts";
import { json, table } from "./table.ts";

/** A page of them says as much as all. */
const DIFFERENCES_SHOWN = 20;

export const reproduce: Command = {
  name: "reproduce",
  summary: "run the trial of a row again and compare: exit code 1 if it differs in more than timing",
  arguments: [
    {
      name: "ROW",
      required: true,
      help: "key of a row in a sweep folder, or its beginning; or a JSON file of one row",
    },
  ],
  options: {
    from: { value: "DIR", help: "the sweep folder (default runs/default)" },
    codebook: codebookOption,
    device: { ...deviceOption, help: `${deviceOption.help}; without it, that of the row` },
    threads: { value: "N", help: "threads of the engine" },
    json: { help: "print the new row and what differs as JSON" },
  },
  examples: ["reproduce 3fa9c1 --from runs/a", "reproduce row.json"],

  async run(input, { stdout, stderr }) {
    const before = await rowOf(input.positionals[0]!, input.text("from") ?? "runs/default");
    const threads = input.whole("threads", 1, 1024);
    const { reproduceRow } = await import("../evaluate/reproduce.ts");
    const device = await deviceInput(input, { stderr }, deviceOf(before));
    const options = { ...device, onFetch: fetchProgress(stderr), ...(threads === undefined ? {} : { threads }) };
    const { row, differences, versions } = await reproduceRow(before, options);
    if (input.has("json")) stdout.write(json({ row, differences, versions }));
    else {
      const figures = ["format", "method", "task", "perplexity", "deltaLoss", "weightMse"] as const;
      const note = row.reason === undefined ? [] : [["reason", row.reason]];
      stdout.write(table(["field", "value"], [["key", row.key], ...figures.map((name) => [name, row[name]]), ...note]));
      const shown = differences
        .slice(0, DIFFERENCES_SHOWN)
        .map(({ field, before, now }) => [field, text(before), text(now)]);
      if (shown.length > 0) stdout.write(`\n${table(["differs", "before", "now"], shown)}`);
    }
    for (const { field, before, now } of versions)
      stderr.write(`note: ${field} was ${text(before)}, is ${text(now)}\n`);
    const name = `row ${row.key.slice(0, 12)} (${row.format} on ${row.task})`;
    if (differences.length > 0) throw new UserError(`${name} differs in ${differences.length} fields`);
    stderr.write(`${name} came out the same\n`);
    return undefined;
  },
};

/** Where the row was made; undefined on the CPU. */
function deviceOf({ config }: Row): Provider | undefined {
  const { device } = (config.identity ?? {}) as { device?: unknown };
  return providers.find((provider) => provider === device);
}

async function rowOf(what: string, directory: string): Promise<Row> {
  if (pathIs("file", what)) return readRowFile(what);
  if (!/^[0-9a-f]{4,64}$/.test(what)) {
    const hint = statSync(what, { throwIfNoEntry: false }) ? "it is no file" : "there is no such file";
    throw new UserError(`${what}: expected a JSON file of a row (${hint}), or at least 4 hex digits of a key`);
  }
  const found = [...(await readJournal(directory)).rows.values()].filter(({ key }) => key.startsWith(what));
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new UserError(`${directory}: no row has a key that begins with ${what}`);
  throw new UserError(`${directory}: ${found.length} rows have keys that begin with ${what}; give more digits`);
}

const text = (value: unknown) => (value === undefined ? "absent" : (JSON.stringify(value) ?? "").slice(0, 60));
