import type { SweepState } from "../evaluate/sweep/index.ts";
import type { Io } from "./options.ts";

/** A page on the sweep that runs: prints where it is, and is shown each state. */
export async function liveSweep(port: number, models: readonly string[], stderr: Io["stderr"]) {
  const { serveLive } = await import("../reports/live/index.ts");
  let state: SweepState | undefined;
  let finished = false;
  const view = await serveLive(port, `Sweep over ${models.join(", ")}`, () => {
    const { rows = [], failures = [], manifest } = state ?? {};
    return {
      input: { rows, codebooks: manifest?.codebooks ?? [] },
      total: manifest?.keys.length ?? 0,
      failures: failures.map(({ spec, error }) => `${spec.format} on ${spec.task}: ${error.message}`),
      finished,
    };
  });
  stderr.write(`live view: ${view.url}\n`);
  return {
    watch(now: SweepState) {
      state = now;
      view.changed();
    },
    async close() {
      finished = true;
      await view.close();
    },
  };
}
