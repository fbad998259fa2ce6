import type { Checkpoint } from "./checkpoint.ts";

/** Elements that are read at once: 16 MB of float32. */
const PART_ELEMENTS = 4 * 1024 * 1024;

/** A tensor as float32, a part after another where the file's format has parts, so that no embedding table is held whole. */
export function* partsOf(checkpoint: Checkpoint, name: string): Generator<Float32Array> {
  const slice = checkpoint.slices(name);
  if (slice === null) {
    yield checkpoint.read(name);
    return;
  }
  const size = checkpoint.info(name).shape.reduce((product, length) => product * length, 1);
  for (let from = 0; from < size; from += PART_ELEMENTS) yield slice(from, Math.min(from + PART_ELEMENTS, size));
}
