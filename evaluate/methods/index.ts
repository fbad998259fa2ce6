import { autoRound } from "./autoRound.ts";
import { autoRoundLayer } from "./autoRoundLayer.ts";
import { awq } from "./awq.ts";
import { clip, clipOutput } from "./clip.ts";
import { composeMethod } from "./compose.ts";
import { deviceRtn } from "./deviceRtn.ts";
import { floatSearch } from "./floatSearch.ts";
import { gptaq, gptq } from "./gptq.ts";
import { hadamard } from "./hadamard.ts";
import { hqq } from "./hqq.ts";
import { learned, learnedFisher } from "./learned.ts";
import type { Method } from "./method.ts";
import type { Part } from "./part.ts";
import { preShift } from "./preShift.ts";
import { retrainingMethod } from "./retraining.ts";
import { rtn } from "./rtn.ts";
import { smoothQuant } from "./smoothQuant.ts";

/** Every part of a method: a new one is its file and a line here. Parts of different slots compose, `clip+gptq`. */
export const methodParts: readonly Part[] = [
  rtn,
  clip,
  clipOutput,
  floatSearch,
  learned,
  learnedFisher,
  gptq,
  gptaq,
  autoRound,
  autoRoundLayer,
  hqq,
  awq,
  smoothQuant,
  preShift,
  hadamard,
];

/** The methods of one part each. */
export const methods: readonly Method[] = methodParts.map(({ id }) => methodById(id));

/** The method of an id: a retraining recipe, or parts composed with `+`. Throws UserError naming the known parts and the nearest. */
export function methodById(id: string): Method {
  return id === deviceRtn.id ? deviceRtn : (retrainingMethod(id) ?? composeMethod(id, methodParts));
}

/** The parts with their meaning, for help texts: `rtn: round to nearest; …`. */
export function describeMethods(): string {
  return [...methodParts, deviceRtn].map(({ id, summary }) => `${id}: ${summary}`).join("; ");
}

export { deviceRtn } from "./deviceRtn.ts";
export { meanBitsPerWeight } from "./meanBits.ts";
export type { CalibrationNeed, LayerLog, Matrix, Method, MethodInput, MethodResult, TrainingInput } from "./method.ts";
export { oneByOne } from "./oneByOne.ts";
export type { Part } from "./part.ts";
