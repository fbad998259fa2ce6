/** A MAC synthesized, and its netlist verified over all code pairs: multiplier and total in gate equivalents. */
export interface SynthesizedMac {
  weight: string;
  activation: string;
  multiplierGe: number | null;
  macGe: number;
}

/**
 * Reference areas of the count model: the best of structural variants × three Yosys/ABC recipes on Nangate 45 nm, 256
 * terms, no operand registers, no clear, relaxed timing (ripple adders). Measured with Yosys 0.55 while the project
 * was planned; no script of this repository makes them yet. Recipes scatter by 3–5 % on small logic, so differences under 3 % are ties.
 */
export const SYNTHESIZED: readonly SynthesizedMac[] = [
  ["int4", "int4", 76, 249],
  ["e2m1", "e2m1", 50, 259],
  ["e2m1+sr", "e2m1+sr", 66, 286],
  ["e2m1+sp", "e2m1+sp", 73, 286],
  ["apot4", "apot4", 42, 239],
  ["apot4+sp", "apot4+sp", 63, 261],
  ["e3m0", "e3m0", 43, 311],
  ["int5", "int5", 128, 323],
  ["e2m1-i", "e2m1-i", 73, 349],
  ["e2m1-b", "e2m1-b", 74, 371],
  ["e1m2", "e1m2", 40, 216],
  ["int3", "int3", 37, 188],
  ["int6", "int6", null, 409],
  ["int8", "int8", 357, 618],
  ["e2m3", "e2m3", null, 400],
  ["e3m2", "e3m2", null, 466],
  ["e4m3", "e4m3", null, 814],
  ["e5m2", "e5m2", null, 1204],
  ["nf4", "nf4", null, 616],
  ["sf4", "sf4", null, 616],
  ["sf4", "int8", null, 639],
  ["e2m1", "e4m3", null, 523],
  ["int3", "int8", null, 317],
  ["e2m1", "int8", null, 339],
  ["apot4", "int8", null, 342],
  ["e3m0", "int8", null, 345],
  ["e2m1+sr", "int8", null, 354],
  ["int4", "int8", null, 379],
  ["e2m1+sp", "int8", null, 387],
  ["apot4+sp", "int8", null, 389],
  ["e2m1", "int4", null, 244],
].map(([weight, activation, multiplierGe, macGe]) => ({ weight, activation, multiplierGe, macGe }) as SynthesizedMac);
