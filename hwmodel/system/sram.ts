import { UserError } from "../../formats/error.ts";

/** A memory macro as CACTI models it: one access reads or writes the whole bus. */
export interface Sram {
  nodeNm: number;
  bytes: number;
  busBits: number;
  readPjPerBit: number;
  writePjPerBit: number;
  um2PerBit: number;
  leakageMw: number;
  accessNs: number;
}

export const SRAM_SOURCE =
  "CACTI 7 (ram, itrs-lop, least energy and area), run for this project; about a tenth of Horowitz's 45 nm cache energies (ISSCC 2014: 10 pJ per 64 bits at 8 KB), which bracket it from above";

/** node nm, bytes, bus bits, read pJ/bit, write pJ/bit, µm²/bit, leakage mW, access ns. */
const rows: readonly (readonly number[])[] = [
  [45, 2048, 64, 0.01539, 0.03654, 0.4115, 0.02782, 0.6045],
  [45, 8192, 64, 0.03034, 0.07338, 0.4394, 0.1078, 1.113],
  [45, 32768, 64, 0.06175, 0.1486, 0.4588, 0.4232, 1.914],
  [45, 32768, 256, 0.03338, 0.1327, 0.4469, 0.4904, 1.558],
  [45, 131072, 256, 0.07176, 0.2716, 0.4348, 1.945, 2.837],
  [45, 524288, 256, 0.154, 0.5549, 0.4453, 7.748, 5.699],
  [45, 2097152, 256, 0.4537, 0.8032, 0.394, 29.05, 6.895],
  [32, 2048, 64, 0.007655, 0.0176, 0.2085, 0.2264, 0.4159],
  [32, 8192, 64, 0.0155, 0.03573, 0.2222, 0.8756, 0.767],
  [32, 32768, 64, 0.03193, 0.07275, 0.232, 3.437, 1.319],
  [32, 32768, 256, 0.01725, 0.06537, 0.2264, 4.046, 1.13],
  [32, 131072, 256, 0.03716, 0.1339, 0.2199, 16.05, 2.16],
  [32, 524288, 256, 0.07982, 0.2739, 0.2252, 63.94, 4.607],
  [32, 2097152, 256, 0.2867, 0.3387, 0.2213, 223.1, 3.727],
  [22, 2048, 64, 0.004866, 0.0115, 0.09809, 0.4305, 0.3346],
  [22, 8192, 64, 0.01021, 0.02368, 0.1047, 1.668, 0.628],
  [22, 32768, 64, 0.02154, 0.04868, 0.1095, 6.557, 1.126],
  [22, 32768, 256, 0.01172, 0.04371, 0.1068, 7.776, 0.9628],
  [22, 131072, 256, 0.02555, 0.08985, 0.1039, 30.86, 1.899],
  [22, 524288, 256, 0.07942, 0.1339, 0.09921, 115.3, 2.327],
  [22, 2097152, 256, 0.2023, 0.2368, 0.1045, 421.4, 3.255],
];

export const SRAM: readonly Sram[] = rows.map((row) => {
  const [nodeNm, bytes, busBits, readPjPerBit, writePjPerBit, um2PerBit, leakageMw, accessNs] = row as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  return { nodeNm, bytes, busBits, readPjPerBit, writePjPerBit, um2PerBit, leakageMw, accessNs };
});

/** The smallest modelled macro of a node (45, 32 or 22 nm) that holds `bytes`; the wider bus where there are two. Throws UserError. */
export function sramMacro(nodeNm: number, bytes: number): Sram {
  const nodes = [...new Set(SRAM.map((s) => s.nodeNm))];
  if (!nodes.includes(nodeNm))
    throw new UserError(`SRAM at ${nodeNm} nm: not modelled; known are ${nodes.join(", ")} nm`);
  const fitting = SRAM.filter((s) => s.nodeNm === nodeNm && s.bytes >= bytes);
  const best = fitting.reduce<Sram | null>(
    (a, b) => (a === null || b.bytes < a.bytes || (b.bytes === a.bytes && b.busBits > a.busBits) ? b : a),
    null,
  );
  if (best === null || !(bytes > 0)) throw new UserError(`SRAM of ${bytes} bytes: one macro holds 1 to 2097152 bytes`);
  return best;
}
