import { area } from "./area.ts";
import { devices } from "./devices.ts";
import { distill } from "./distill.ts";
import { energy } from "./energy.ts";
import { evaluate } from "./eval.ts";
import { fit } from "./fit.ts";
import { formats } from "./formats.ts";
import { generate } from "./generate.ts";
import type { Command } from "./options.ts";
import { published } from "./published.ts";
import { quantize } from "./quantize.ts";
import { report } from "./report.ts";
import { reproduce } from "./reproduce.ts";
import { rotate } from "./rotate.ts";
import { search } from "./search.ts";
import { specialValues } from "./specialValues.ts";
import { sweep } from "./sweep.ts";

/** Every command in the order of the help: a new one is its file and a line here. */
export const commands: readonly Command[] = [
  formats,
  fit,
  area,
  specialValues,
  energy,
  published,
  quantize,
  distill,
  rotate,
  evaluate,
  generate,
  search,
  sweep,
  report,
  reproduce,
  devices,
];
