import { libraryFromFacts } from "./factTable.ts";

/**
 * SKY130 high density: the smallest cells of each function, 34 of 428.
 * Delays and energies are linear fits to the vendor's tables at loads of one to four input capacitances, mean over arcs
 * and edges.
 */
export const sky130 = libraryFromFacts(
  {
    id: "sky130",
    label: "SkyWater SKY130 130 nm, high density, typical 1.8 V 25 °C",
    source: "SkyWater open PDK, sky130_fd_sc_hd__tt_025C_1v80 Liberty file",
    licence: "Apache-2.0",
    areaUnit: "um2",
    voltage: 1.8,
  },
  `
sky130_fd_sc_hd__a211oi_1 7.5072 0.0009782 89.69 12.97 8.267 | A1 2.419 A2 2.377 B1 2.408 C1 2.357 | Y: (!A1&!B1&!C1) | (!A2&!B1&!C1)
sky130_fd_sc_hd__a21boi_0 7.5072 0.002478 84.27 14.65 5.03 | A1 1.801 A2 1.718 B1_N 1.623 | Y: (!A1&B1_N) | (!A2&B1_N)
sky130_fd_sc_hd__a21o_1 7.5072 0.005903 111.1 5.526 12.85 | A1 2.392 A2 2.334 B1 2.42 | X: (A1&A2) | (B1)
sky130_fd_sc_hd__a21oi_1 5.0048 0.001652 61.13 9.504 6.097 | A1 2.352 A2 2.321 B1 2.323 | Y: (!A1&!B1) | (!A2&!B1)
sky130_fd_sc_hd__a22oi_1 7.5072 0.002576 83.99 9.927 9.319 | A1 2.36 A2 2.377 B1 2.342 B2 2.322 | Y: (!A1&!B1) | (!A1&!B2) | (!A2&!B1) | (!A2&!B2)
sky130_fd_sc_hd__a31oi_1 6.256 0.001484 75.07 10.57 7.063 | A1 2.299 A2 2.426 A3 2.324 B1 2.285 | Y: (!A1&!B1) | (!A2&!B1) | (!A3&!B1)
sky130_fd_sc_hd__and2_0 6.256 0.001922 104.4 8.468 8.074 | A 1.6 B 1.636 | X: (A&B)
sky130_fd_sc_hd__and2_1 6.256 0.002665 111.6 6.164 9.879 | A 1.462 B 1.496 | X: (A&B)
sky130_fd_sc_hd__and3_1 6.256 0.005594 131 6.78 10.23 | A 1.476 B 1.52 C 1.556 | X: (A&B&C)
sky130_fd_sc_hd__buf_1 3.7536 0.001181 69.05 6.384 8.107 | A 2.103 | X: (A)
sky130_fd_sc_hd__dfxtp_1 20.0192 0.008439 281.8 5.613 19.67 | CLK 1.794 D 1.678 | Q: IQ
sky130_fd_sc_hd__fa_1 20.0192 0.007299 325.9 6.34 18.96 | A 6.729 B 6.026 CIN 4.523 | COUT: (A&B) | (A&CIN) | (B&CIN); SUM: (A&!B&!CIN) | (!A&B&!CIN) | (!A&!B&CIN) | (A&B&CIN)
sky130_fd_sc_hd__ha_1 12.512 0.007815 184.3 5.904 11.64 | A 3.026 B 2.838 | COUT: (A&B); SUM: (A&!B) | (!A&B)
sky130_fd_sc_hd__inv_1 3.7536 0.005327 31.43 4.68 2.884 | A 2.302 | Y: (!A)
sky130_fd_sc_hd__maj3_1 10.0096 0.00209 223.4 7.052 13.64 | A 2.745 B 2.538 C 3.052 | X: (A&B) | (A&C) | (B&C)
sky130_fd_sc_hd__mux2_1 11.2608 0.004028 197.4 6.946 10.74 | A0 1.558 A1 1.884 S 3.402 | X: (A0&!S) | (A1&S)
sky130_fd_sc_hd__mux2i_1 10.0096 0.005891 79.2 10.29 6.521 | A0 2.207 A1 2.26 S 4.653 | Y: (!A0&!S) | (!A1&S)
sky130_fd_sc_hd__nand2_1 3.7536 0.002118 38.49 5.76 3.854 | A 2.315 B 2.324 | Y: (!A) | (!B)
sky130_fd_sc_hd__nand2b_1 6.256 0.002255 69.98 6.465 4.726 | A_N 1.395 B 2.399 | Y: (A_N) | (!B)
sky130_fd_sc_hd__nand3_1 5.0048 0.001027 51.52 6.945 6.021 | A 2.301 B 2.395 C 2.355 | Y: (!A) | (!B) | (!C)
sky130_fd_sc_hd__nand4_1 6.256 0.0005259 59.11 7.879 6.921 | A 2.312 B 2.391 C 2.349 D 2.296 | Y: (!A) | (!B) | (!C) | (!D)
sky130_fd_sc_hd__nor2_1 3.7536 0.00197 44.18 7.881 4.251 | A 2.373 B 2.353 | Y: (!A&!B)
sky130_fd_sc_hd__nor2b_1 6.256 0.00218 75.15 8.522 5.129 | A 2.367 B_N 1.49 | Y: (!A&B_N)
sky130_fd_sc_hd__nor3_1 5.0048 0.0009252 68.13 11.77 6.389 | A 2.441 B 2.38 C 2.325 | Y: (!A&!B&!C)
sky130_fd_sc_hd__nor4_1 6.256 0.0005011 91.15 15.64 7.573 | A 2.337 B 2.345 C 2.412 D 2.347 | Y: (!A&!B&!C&!D)
sky130_fd_sc_hd__o211ai_1 7.5072 0.0007029 77.26 9.022 9.069 | A1 2.341 A2 2.331 B1 2.34 C1 2.359 | Y: (!A1&!A2) | (!B1) | (!C1)
sky130_fd_sc_hd__o21a_1 7.5072 0.002209 112 5.933 12.79 | A1 2.361 A2 2.415 B1 2.369 | X: (A1&B1) | (A2&B1)
sky130_fd_sc_hd__o21ai_1 5.0048 0.001047 57.16 8.703 5.66 | A1 2.335 A2 2.459 B1 1.996 | Y: (!A1&!A2) | (!B1)
sky130_fd_sc_hd__o21bai_1 7.5072 0.002868 79.66 8.71 6.288 | A1 2.346 A2 2.338 B1_N 1.696 | Y: (!A1&!A2) | (B1_N)
sky130_fd_sc_hd__o22ai_1 6.256 0.001308 72.27 9.927 7.405 | A1 2.33 A2 2.345 B1 2.431 B2 2.363 | Y: (!B1&!B2) | (!A1&!A2)
sky130_fd_sc_hd__or2_1 6.256 0.001849 132.9 6.71 9.304 | A 1.471 B 1.46 | X: (A) | (B)
sky130_fd_sc_hd__or3_1 6.256 0.001285 192.3 7.787 9.675 | A 1.57 B 1.636 C 1.396 | X: (A) | (B) | (C)
sky130_fd_sc_hd__xnor2_1 8.7584 0.002065 84.38 8.339 12.89 | A 4.508 B 4.562 | Y: (!A&!B) | (A&B)
sky130_fd_sc_hd__xor2_1 8.7584 0.004278 94.34 8.961 8.057 | A 4.377 B 4.339 | X: (A&!B) | (!A&B)
`,
  {
    sky130_fd_sc_hd__dfxtp_1: { state: "IQ", inverse: "IQ_N", next: "D", clock: "CLK", clockFj: 39.75 },
  },
);
