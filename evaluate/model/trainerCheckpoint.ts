import { UserError } from "../../formats/error.ts";
import type { TrainerState } from "../engine/trainer.ts";
import { openSafetensors } from "./safetensors.ts";
import { writeSafetensors } from "./writeSafetensors.ts";

const SECTIONS = ["weight", "first", "second"] as const;

/**
 * Writes weights, AdamW moments and step as one safetensors file (F32, so that a resumed run is bit-equal), atomically.
 * `recipe` identifies what is being trained; `readCheckpoint` refuses another.
 */
export function writeCheckpoint(
  path: string,
  recipe: string,
  weights: ReadonlyMap<string, Float32Array>,
  state: TrainerState,
): void {
  const parts = { weight: weights, first: state.first, second: state.second };
  const entries = SECTIONS.flatMap((section) =>
    [...parts[section]].map(([name, data]) => ({ name: `${section}.${name}`, shape: [data.length], data })),
  );
  writeSafetensors(path, entries, { dtype: "F32", metadata: { recipe, step: String(state.step) } });
}

/** Reads a checkpoint into `weights` and returns the trainer's state. Throws UserError when it is of another recipe. */
export function readCheckpoint(path: string, recipe: string, weights: ReadonlyMap<string, Float32Array>): TrainerState {
  const file = openSafetensors(path);
  try {
    const step = Number(file.metadata.get("step"));
    if (file.metadata.get("recipe") !== recipe || !Number.isSafeInteger(step)) {
      throw new UserError(`${path}: a checkpoint of another recipe; remove it to train anew`);
    }
    const read = (section: string, name: string, data: Float32Array) => {
      const stored = file.readFloat32(`${section}.${name}`);
      if (stored.length !== data.length) {
        throw new UserError(`${path}: ${section}.${name} has ${stored.length} elements, expected ${data.length}`);
      }
      return stored;
    };
    const state: TrainerState = { step, first: new Map(), second: new Map() };
    for (const [name, data] of weights) {
      data.set(read("weight", name, data));
      state.first.set(name, read("first", name, data));
      state.second.set(name, read("second", name, data));
    }
    return state;
  } finally {
    file.close();
  }
}
