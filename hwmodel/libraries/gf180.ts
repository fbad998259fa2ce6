import { libraryFromFacts } from "./factTable.ts";

/**
 * GF180MCU, 7 track. Its flip-flop was read without clock energy, so energy per MAC is not
 * available in this library.
 * Delays and energies are linear fits to the vendor's tables at loads of one to four input capacitances, mean over arcs
 * and edges.
 */
export const gf180 = libraryFromFacts(
  {
    id: "gf180",
    label: "GlobalFoundries GF180MCU 180 nm, 7 track, typical 3.3 V 25 °C",
    source: "GlobalFoundries open PDK, gf180mcu_fd_sc_mcu7t5v0__tt_025C_3v30 Liberty file",
    licence: "Apache-2.0",
    areaUnit: "um2",
    voltage: 3.3,
  },
  `
gf180mcu_fd_sc_mcu7t5v0__addf_1 72.4416 0.1201 845.4 12.64 87.95 | A 11.56 B 11.24 CI 9.417 | CO: ((A&B)|(A&CI)|(B&CI)); S: (A^B^CI)
gf180mcu_fd_sc_mcu7t5v0__addh_1 39.5136 0.09892 569.7 12.41 80.13 | A 6.344 B 5.309 | CO: (A&B); S: (A^B)
gf180mcu_fd_sc_mcu7t5v0__and2_1 17.5616 0.05375 353.2 12.85 61.64 | A1 2.759 A2 2.753 | Z: (A1&A2)
gf180mcu_fd_sc_mcu7t5v0__and3_1 21.952 0.05816 462.7 14.6 72.57 | A1 2.784 A2 2.715 A3 2.744 | Z: (A1&A2&A3)
gf180mcu_fd_sc_mcu7t5v0__aoi211_1 21.952 0.06374 299.4 25.09 53.37 | A1 4.582 A2 4.361 B 3.931 C 3.812 | ZN: (((!A1)&(!B)&(!C))|((!A2)&(!B)&(!C)))
gf180mcu_fd_sc_mcu7t5v0__aoi21_1 17.5616 0.05602 210.9 18.42 41.84 | A1 4.753 A2 4.645 B 3.919 | ZN: (((!A1)&(!B))|((!A2)&(!B)))
gf180mcu_fd_sc_mcu7t5v0__aoi22_1 19.7568 0.05709 220.9 18.4 46.84 | A1 4.838 A2 4.757 B1 4.611 B2 4.473 | ZN: (((!A1)&(!B1))|((!A1)&(!B2))|((!A2)&(!B1))|((!A2)&(!B2)))
gf180mcu_fd_sc_mcu7t5v0__buf_1 13.1712 0.04493 303.8 12.06 57.56 | I 2.834 | Z: I
gf180mcu_fd_sc_mcu7t5v0__clkinv_1 8.7808 0.03319 118.9 13.28 18.94 | I 4.123 | ZN: (!I)
gf180mcu_fd_sc_mcu7t5v0__dffq_1 63.6608 0.1965 972.9 12.34 106.1 | CLK 3.183 D 2.361 | Q: IQ1
gf180mcu_fd_sc_mcu7t5v0__inv_1 8.7808 0.03316 111.2 11.18 21.56 | I 4.623 | ZN: (!I)
gf180mcu_fd_sc_mcu7t5v0__mux2_2 32.928 0.09372 452.6 7.031 138.7 | I0 4.608 I1 4.617 S 9.907 | Z: ((I0&(!S))|(I1&S))
gf180mcu_fd_sc_mcu7t5v0__nand2_1 10.976 0.04173 141.6 13.46 28.49 | A1 4.7 A2 4.41 | ZN: ((!A1)|(!A2))
gf180mcu_fd_sc_mcu7t5v0__nand3_1 15.3664 0.04616 186.9 16.63 37.83 | A1 4.311 A2 4.088 A3 4.19 | ZN: ((!A1)|(!A2)|(!A3))
gf180mcu_fd_sc_mcu7t5v0__nand4_1 19.7568 0.04806 229.9 20.31 43.68 | A1 4.003 A2 3.918 A3 3.876 A4 3.864 | ZN: ((!A1)|(!A2)|(!A3)|(!A4))
gf180mcu_fd_sc_mcu7t5v0__nor2_1 13.1712 0.04119 160.7 18.34 28.58 | A1 4.394 A2 4.154 | ZN: ((!A1)&(!A2))
gf180mcu_fd_sc_mcu7t5v0__nor3_1 17.5616 0.04531 223.1 25.38 37.05 | A1 4.129 A2 3.865 A3 4.009 | ZN: ((!A1)&(!A2)&(!A3))
gf180mcu_fd_sc_mcu7t5v0__nor4_1 21.952 0.0472 289.8 32.99 43.64 | A1 3.93 A2 3.538 A3 3.634 A4 3.801 | ZN: ((!A1)&(!A2)&(!A3)&(!A4))
gf180mcu_fd_sc_mcu7t5v0__oai211_1 21.952 0.0653 276 17.39 63 | A1 4.804 A2 4.719 B 4.429 C 4.583 | ZN: (((!A1)&(!A2))|(!B)|(!C))
gf180mcu_fd_sc_mcu7t5v0__oai21_1 17.5616 0.05644 199.7 15.06 45.95 | A1 4.855 A2 4.723 B 4.661 | ZN: (((!A1)&(!A2))|(!B))
gf180mcu_fd_sc_mcu7t5v0__oai22_1 21.952 0.05712 241.9 18.71 50.59 | A1 4.828 A2 4.707 B1 4.714 B2 4.515 | ZN: (((!A1)&(!A2))|((!B1)&(!B2)))
gf180mcu_fd_sc_mcu7t5v0__or2_1 17.5616 0.05263 416.6 13.68 66.06 | A1 2.891 A2 2.731 | Z: (A1|A2)
gf180mcu_fd_sc_mcu7t5v0__or3_1 21.952 0.05646 576.6 15.45 80.43 | A1 2.831 A2 2.774 A3 2.723 | Z: (A1|A2|A3)
gf180mcu_fd_sc_mcu7t5v0__xnor2_1 28.5376 0.07629 339.1 16.9 66.18 | A1 6.939 A2 7.344 | ZN: (!(A1^A2))
gf180mcu_fd_sc_mcu7t5v0__xor2_1 26.3424 0.07547 361.7 18.14 64.32 | A1 7.356 A2 7.336 | Z: (A1^A2)
`,
  {
    gf180mcu_fd_sc_mcu7t5v0__dffq_1: { state: "IQ1", inverse: "IQN1", next: "D", clock: "CLK", clockFj: null },
  },
);
