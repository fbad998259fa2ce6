import type { Cell } from "./cell.ts";
import { completeLibrary, outputPins, registerOf } from "./factTable.ts";

/** Name, area in gate equivalents, inputs, outputs. */
const rows: readonly (readonly [string, number, string, string])[] = [
  ["INV", 0.67, "A", "Y: !A"],
  ["BUF", 1, "A", "Y: A"],
  ["NAND2", 1, "A B", "Y: !(A&B)"],
  ["NAND3", 1.33, "A B C", "Y: !(A&B&C)"],
  ["NAND4", 1.67, "A B C D", "Y: !(A&B&C&D)"],
  ["NOR2", 1, "A B", "Y: !(A|B)"],
  ["NOR3", 1.33, "A B C", "Y: !(A|B|C)"],
  ["NOR4", 1.67, "A B C D", "Y: !(A|B|C|D)"],
  ["AND2", 1.33, "A B", "Y: A&B"],
  ["OR2", 1.33, "A B", "Y: A|B"],
  ["AND3", 1.67, "A B C", "Y: A&B&C"],
  ["OR3", 1.67, "A B C", "Y: A|B|C"],
  ["XOR2", 2, "A B", "Y: A^B"],
  ["XNOR2", 2, "A B", "Y: !(A^B)"],
  ["AOI21", 1.33, "A B C", "Y: !((A&B)|C)"],
  ["OAI21", 1.33, "A B C", "Y: !((A|B)&C)"],
  ["AOI22", 1.67, "A B C D", "Y: !((A&B)|(C&D))"],
  ["OAI22", 1.67, "A B C D", "Y: !((A|B)&(C|D))"],
  ["MUX2", 2.33, "A B S", "Y: (A&!S)|(B&S)"],
  ["FA", 5.33, "A B CI", "S: A^B^CI; CO: (A&B)|(CI&(A|B))"],
  ["HA", 3.33, "A B", "S: A^B; CO: A&B"],
  ["DFF", 5.33, "D CK", "Q: IQ"],
];

/**
 * A library of no technology, written for this project: areas in gate equivalents, typical ratios to NAND2 of static CMOS
 * cells (median of ASAP7, Nangate 45, SKY130). Areas agree with ASAP7, Nangate 45 and SKY130 to about 3 % (worst 8 %).
 * It has no delays, capacitances or energies.
 */
export const generic = completeLibrary(
  {
    id: "generic",
    label: "technology-free gate equivalents",
    source: "this project",
    licence: "Apache-2.0",
    areaUnit: "ge",
    voltage: null,
  },
  rows.map(
    ([name, area, inputs, outputs]): Cell => ({
      name,
      area,
      inputs: inputs.split(" ").map((pin) => ({ name: pin, capFf: null })),
      outputs: outputPins(outputs, name),
      register:
        name === "DFF"
          ? registerOf({ state: "IQ", inverse: "IQN", next: "D", clock: "CK", clockFj: null }, name)
          : null,
      leakageNw: null,
      intrinsicPs: null,
      psPerFf: null,
      slew: null,
      internalFj: null,
      clockFj: null,
    }),
  ),
);
