import { libraryFromFacts } from "./factTable.ts";

/**
 * IHP SG13G2. It has no adder cells; its flip-flop has a reset that is tied off. The internal energy of
 * a22oi looks too low in the vendor's file.
 * Delays and energies are linear fits to the vendor's tables at loads of one to four input capacitances, mean over arcs
 * and edges.
 */
export const ihp130 = libraryFromFacts(
  {
    id: "ihp130",
    label: "IHP SG13G2 130 nm, typical 1.2 V 25 °C",
    source: "IHP open PDK, sg13g2_stdcell_typ_1p20V_25C Liberty file",
    licence: "Apache-2.0",
    areaUnit: "um2",
    voltage: 1.2,
  },
  `
sg13g2_a21o_1 12.7008 0.1583 129.5 3.048 6.645 | A1 2.759 A2 2.816 B1 2.474 | X: ((A1*A2)+B1)
sg13g2_a21oi_1 9.072 0.1145 69.13 5.802 2.831 | A1 2.863 A2 2.977 B1 2.743 | Y: !((A1*A2)+B1)
sg13g2_a221oi_1 14.5152 0.1573 114.6 6.678 5.654 | A1 2.95 A2 2.978 B1 2.757 B2 2.826 C1 2.55 | Y: !((A1*A2)+(B1*B2)+C1)
sg13g2_a22oi_1 10.8486 0.1389 84.17 5.508 0.8477 | A1 2.748 A2 3.063 B1 3.553 B2 3.604 | Y: !((A1*A2)+(B1*B2))
sg13g2_and2_1 9.072 0.1376 116.1 2.897 6.376 | A 2.552 B 2.562 | X: (A*B)
sg13g2_and3_1 12.7008 0.1467 135.1 3.083 7.225 | A 2.394 B 2.513 C 2.519 | X: (A*B*C)
sg13g2_buf_1 7.2576 0.1103 102.7 2.808 5.622 | A 2.328 | X: A
sg13g2_dfrbp_1 47.1744 0.5385 230.2 3.125 27.55 | CLK 2.744 D 1.763 RESET_B 6.459 | Q: IQ; Q_N: IQN
sg13g2_inv_1 5.4432 0.06297 45.63 4.739 1.682 | A 2.887 | Y: !(A)
sg13g2_mux2_1 18.144 0.2463 149.4 3.208 10.18 | A0 2.005 A1 2.11 S 5.047 | X: (!S*A0)+(S*A1)
sg13g2_nand2_1 7.2576 0.08122 59.58 5.238 2.448 | A 2.944 B 3.017 | Y: !(A*B)
sg13g2_nand2b_1 9.072 0.1286 86.3 4.347 2.95 | A_N 2.307 B 3.117 | Y: !(!A_N*B)
sg13g2_nand3_1 9.072 0.08724 77.65 5.761 3.621 | A 2.912 B 3.029 C 2.98 | Y: !(A*B*C)
sg13g2_nand4_1 10.8864 0.09154 91.04 6.485 4.393 | A 2.877 B 2.99 C 2.999 D 2.972 | Y: !(A*B*C*D)
sg13g2_nor2_1 7.2576 0.08294 62.08 5.693 2.548 | A 3.034 B 2.931 | Y: !(A+B)
sg13g2_nor2b_1 9.072 0.1303 86.47 5.061 2.642 | A 2.932 B_N 2.27 | Y: !(A+!B_N)
sg13g2_nor3_1 9.072 0.09514 82.43 6.727 3.744 | A 3.053 B 3.057 C 2.924 | Y: !(A+B+C)
sg13g2_nor4_1 10.8864 0.09977 101.5 8.078 4.414 | A 3.003 B 2.996 C 2.618 D 2.646 | Y: !(A+B+C+D)
sg13g2_o21ai_1 9.072 0.1267 74.84 5.987 2.827 | A1 3.323 A2 3.352 B1 3.068 | Y: !((A1+A2)*B1)
sg13g2_or2_1 9.072 0.1149 124.4 2.995 6.279 | A 2.475 B 2.297 | X: (A+B)
sg13g2_or3_1 12.7008 0.122 145.9 3.238 7.451 | A 2.585 B 2.532 C 2.417 | X: (A+B+C)
sg13g2_xnor2_1 14.5152 0.1948 103.9 4.886 7.276 | A 5.592 B 5.03 | Y: !(A^B)
sg13g2_xor2_1 14.5152 0.1848 108.4 5.199 7.465 | A 5.786 B 5.169 | X: (A^B)
`,
  {
    sg13g2_dfrbp_1: {
      state: "IQ",
      inverse: "IQN",
      next: "D",
      clock: "CLK",
      clockFj: 26.18,
      ties: [{ pin: "RESET_B", value: 1 }],
    },
  },
);
