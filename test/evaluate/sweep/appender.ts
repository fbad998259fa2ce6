// Appends rows to the journal of argv[2] as fast as it can, printing each key once its append has resolved; the
// crash test kills it. Keys go on from the rows found.
import { writeSync } from "node:fs";
import { openJournal } from "../../../evaluate/sweep/index.ts";
import { rowOf } from "./rows.ts";

const journal = await openJournal(process.argv[2]!);
for (let i = journal.rows.size; ; i++) {
  const key = `key-${i}`;
  // Of varying length, some past a pipe's or a page's size, so that kills fall inside writes.
  const windowLoss = Array.from({ length: (i * 37) % 900 }, (_, j) => j / 7);
  await journal.append(rowOf(key, { windowLoss }));
  writeSync(1, `${key}\n`);
}
