import { UserError } from "../../../formats/error.ts";
import { chooseDevice } from "../../engine/devices.ts";
import type { Device } from "../../engine/session.ts";
import { prepareSweep } from "../../prepare.ts";
import { readCodebook } from "../../storage/codebookFile.ts";
import type { Row } from "../../trial/row.ts";
import type { SweepConfig } from "../config.ts";
import { attempt } from "./inProcess.ts";

/** All that another process needs to run trials of a sweep; plain JSON. Paths are relative to the sweep's own folder of work. */
export interface WorkerSetup {
  config: SweepConfig;
  /** Files of codebooks of one's own that format ids name. */
  codebooks: string[];
  /** Folder of token ids that the processes share. */
  cache?: string;
  /** Where models run, found anew by each process, which may be on another machine; the CPU when absent. */
  device?: Device;
  /** Threads of the engine in each process. */
  threads?: number;
}

/** Runs the trial of a key; gives its row, or the error it threw. Throws UserError for a key that is not in the plan here. */
export type RunKey = (key: string) => Promise<Row | Error>;

/**
 * Prepares a sweep in this process from what its coordinator says. Every process makes the plan itself, from the files as
 * they are now: the keys agree only if model, texts and code are the coordinator's.
 */
export async function prepareWorker({ config, codebooks, device, ...engine }: WorkerSetup): Promise<RunKey> {
  for (const path of codebooks) readCodebook(path);
  const options = { ...engine, ...(device ? { device: await chooseDevice(device, () => {}) } : {}) };
  const { plan, runTrial } = await prepareSweep(config, options);
  const trials = new Map(plan.map((trial) => [trial.key, trial]));
  return async (key) => {
    const trial = trials.get(key);
    if (!trial)
      throw new UserError(
        `trial ${key.slice(0, 12)} is not in the plan of process ${process.pid}: a model file, a text or this program ` +
          "changed since the sweep started; run the same command again",
      );
    return attempt(runTrial, trial);
  };
}
