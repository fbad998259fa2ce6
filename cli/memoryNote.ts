import { type MemoryEstimate, memoryLine } from "../evaluate/trial/memory.ts";
import type { Io } from "./options.ts";

/** Every process has this much; a run that needs no more is not worth a line. */
const QUIET_BYTES = 300e6;

/** Says on stderr what memory a run will need, before it begins. */
export function memoryNote(stderr: Io["stderr"]): (estimate: MemoryEstimate) => void {
  return (estimate) => {
    if (estimate.bytes > QUIET_BYTES) stderr.write(`${memoryLine(estimate)}\n`);
  };
}
