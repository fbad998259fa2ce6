import { UserError } from "../../formats/error.ts";
import type { TrainerState } from "../engine/optimizer.ts";
import { openSafetensors } from "../model/safetensors.ts";
import { writeSafetensors } from "../model/writeSafetensors.ts";

/** What a training run is besides its parameters: plain JSON. */
export interface Progress {
  step: number;
  seconds: number;
  [name: string]: unknown;
}

type Arrays = ReadonlyMap<string, Float32Array>;

/**
 * Writes parameters, AdamW's moments, the best parameters so far and the progress as one safetensors file (F32, so that a
 * resumed run is bit-equal), atomically. `run` identifies what is trained; `readTraining` refuses another.
 */
export function writeTraining(
  path: string,
  run: string,
  parameters: Arrays,
  { first, second }: TrainerState,
  best: Arrays,
  progress: Progress,
): void {
  const sections = { parameter: parameters, first, second, best };
  const entries = Object.entries(sections).flatMap(([section, arrays]) =>
    [...arrays].map(([name, data]) => ({ name: `${section}.${name}`, shape: [data.length], data })),
  );
  writeSafetensors(path, entries, { dtype: "F32", metadata: { run, progress: JSON.stringify(progress) } });
}

/** Reads a checkpoint into `parameters` and `best`. Throws UserError, naming the file, when it is of another run. */
export function readTraining(
  path: string,
  run: string,
  parameters: Arrays,
  best: Arrays,
  hasMoments: boolean,
): { state: TrainerState; progress: Progress } {
  const file = openSafetensors(path);
  try {
    const text = file.metadata.get("progress");
    if (file.metadata.get("run") !== run || text === undefined)
      throw new UserError(
        `${path}: a checkpoint of another run (model, format, recipe, text, budget or seed differ); remove it to train anew`,
      );
    const progress = JSON.parse(text) as Progress;
    const read = (name: string, length: number) => {
      const stored = file.readFloat32(name);
      if (stored.length !== length)
        throw new UserError(`${path}: ${name} has ${stored.length} elements, expected ${length}`);
      return stored;
    };
    const state: TrainerState = { step: progress.step, first: new Map(), second: new Map() };
    for (const [name, data] of parameters) {
      data.set(read(`parameter.${name}`, data.length));
      best.get(name)!.set(read(`best.${name}`, data.length));
      if (!hasMoments) continue;
      state.first.set(name, read(`first.${name}`, data.length));
      state.second.set(name, read(`second.${name}`, data.length));
    }
    return { state, progress };
  } finally {
    file.close();
  }
}
