import type { PrepareOptions } from "../evaluate/prepare.ts";
import { clock, headOf, type SweepConfig, type TrialEstimate } from "../evaluate/sweep/index.ts";
import type { Io } from "./options.ts";
import { table } from "./table.ts";

const BASIS: Readonly<Record<TrialEstimate["basis"], string>> = {
  done: "done",
  rows: "median of like rows",
  probe: "probe of a like trial",
  unknown: "unknown",
};

/** Prints what a sweep would do: a line a trial, then time and memory with what they rest on. */
export async function printDryRun(
  directory: string,
  config: SweepConfig,
  jobs: number,
  options: PrepareOptions,
  { stdout, stderr }: Io,
): Promise<undefined> {
  const { dryRun } = await import("../evaluate/dryRun.ts");
  const { trials, probes, unprobed, peakBytes, warnings } = await dryRun(
    directory,
    config,
    options,
    ({ format, method }) => stderr.write(`probing ${format} ${method}\n`),
  );
  for (const warning of warnings) stderr.write(`warning: ${warning}\n`);
  const header = ["model", "format", "method", "activations", "cache", "head", "task", "seed", "seconds", "basis"];
  const cells = trials.map(({ trial: { spec }, ms, basis }) => [
    spec.model,
    spec.format,
    spec.method,
    spec.activation ?? "fp32",
    spec.kv ?? "fp32",
    headOf(spec.scope),
    spec.task,
    spec.seed,
    basis === "done" || ms === null ? null : Number((ms / 1000).toPrecision(2)),
    BASIS[basis],
  ]);
  stdout.write(table(header, cells));
  const open = trials.filter(({ basis }) => basis !== "done");
  const known = open.filter(({ ms }) => ms !== null);
  const total = known.reduce((sum, { ms }) => sum + ms!, 0);
  const lines = [`${trials.length} trials, ${trials.length - open.length} done in ${directory}, ${open.length} open`];
  if (known.length > 0) {
    const rows = known.filter(({ basis }) => basis === "rows").length;
    const bases = [
      ...(rows > 0 ? [`${rows} from the median of finished rows of like trials`] : []),
      ...(known.length > rows
        ? [`${known.length - rows} from ${probes} probes over a few windows, scaled to all`]
        : []),
    ];
    const shared = jobs > 1 ? `, ${clock(total / jobs)} if ${jobs} processes run at the speed of one` : "";
    lines.push(
      `time: ${clock(total)} of this machine as busy as it is now${shared} (${bases.join("; ")}; starting and the report not counted)`,
    );
  }
  if (known.length < open.length)
    lines.push(
      `time of ${open.length - known.length} more trials is unknown: ${unprobed} kinds were not probed for want of time; finished rows will tell`,
    );
  if (probes > 0) {
    const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
    const all = jobs > 1 ? `, ${gib(peakBytes * jobs)} for ${jobs} processes` : "";
    lines.push(`memory: ${gib(peakBytes)}${all} (the most that this process held while it probed)`);
  }
  stdout.write(`\n${lines.join("\n")}\n`);
  return undefined;
}
