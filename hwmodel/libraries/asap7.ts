import { libraryFromFacts } from "./factTable.ts";

/**
 * ASAP7, predictive 7 nm. Its adders and its flip-flop have inverted outputs: every use of them pays for inverters.
 * Delays and energies are linear fits to the vendor's tables at loads of one to four input capacitances, mean over arcs
 * and edges.
 */
export const asap7 = libraryFromFacts(
  {
    id: "asap7",
    label: "ASAP7 7 nm, 7.5 track, RVT, typical 0.7 V 25 °C",
    source: "ASAP7 predictive PDK (Clark et al., Microelectronics Journal 53, 2016), asap7sc7p5t RVT TT Liberty files",
    licence: "BSD-3-Clause",
    areaUnit: "um2",
    voltage: 0.7,
  },
  `
BUFx2_ASAP7_75t_R 0.0729 0.06821 19.87 2.185 0.2449 | A 0.5343 | Y: A
INVx1_ASAP7_75t_R 0.04374 0.02558 7.735 4.247 0.04704 | A 0.6199 | Y: !A
AND2x2_ASAP7_75t_R 0.08748 0.07489 20.92 2.323 0.2614 | A 0.4833 B 0.5263 | Y: (A * B)
AND3x1_ASAP7_75t_R 0.08748 0.05038 19.88 4.203 0.2072 | A 0.5898 B 0.553 C 0.5523 | Y: (A * B * C)
FAx1_ASAP7_75t_R 0.20412 0.1061 18.89 10.55 0.1429 | A 1.827 B 1.997 CI 1.494 | CON: (!A * !B) + (!A * !CI) + (!B * !CI); SN: (A * B * !CI) + (A * !B * CI) + (!A * B * CI) + (!A * !B * !CI)
HAxp5_ASAP7_75t_R 0.13122 0.06849 13.39 7.926 0.1011 | A 0.9812 B 0.9136 | CON: (!A) + (!B); SN: (A * B) + (!A * !B)
MAJIxp5_ASAP7_75t_R 0.10206 0.04716 12.66 6.909 0.1041 | A 0.5949 B 1.122 C 0.9632 | Y: (!A * !B) + (!A * !C) + (!B * !C)
NAND2xp5_ASAP7_75t_R 0.05832 0.02482 9.238 6.261 0.05519 | A 0.4955 B 0.5239 | Y: (!A) + (!B)
NAND3xp33_ASAP7_75t_R 0.0729 0.02256 11.12 7.305 0.07567 | A 0.5168 B 0.4697 C 0.4836 | Y: (!A) + (!B) + (!C)
NAND4xp25_ASAP7_75t_R 0.08748 0.01933 13.32 8.461 0.09725 | A 0.5157 B 0.4694 C 0.4672 D 0.4807 | Y: (!A) + (!B) + (!C) + (!D)
NOR2xp33_ASAP7_75t_R 0.05832 0.01368 10.42 11.01 0.03812 | A 0.3385 B 0.3488 | Y: (!A * !B)
NOR3xp33_ASAP7_75t_R 0.0729 0.01931 11.72 8.523 0.07618 | A 0.5182 B 0.471 C 0.4851 | Y: (!A * !B * !C)
NOR4xp25_ASAP7_75t_R 0.08748 0.01517 14.48 10.44 0.09835 | A 0.5162 B 0.4704 C 0.4687 D 0.482 | Y: (!A * !B * !C * !D)
OR2x2_ASAP7_75t_R 0.08748 0.07509 21.95 2.36 0.267 | A 0.5067 B 0.5208 | Y: (A) + (B)
OR3x1_ASAP7_75t_R 0.08748 0.04939 21.38 4.37 0.2089 | A 0.5915 B 0.5531 C 0.5533 | Y: (A) + (B) + (C)
XNOR2xp5_ASAP7_75t_R 0.13122 0.06849 15.44 5.866 0.1468 | A 0.9695 B 0.9673 | Y: (A * B) + (!A * !B)
XOR2xp5_ASAP7_75t_R 0.13122 0.06711 15.96 6.234 0.1475 | A 0.9819 B 0.9813 | Y: (A * !B) + (!A * B)
AO21x1_ASAP7_75t_R 0.08748 0.06067 18.35 4.076 0.1954 | A1 0.556 A2 0.57 B 0.5707 | Y: (A1 * A2) + (B)
AOI211xp5_ASAP7_75t_R 0.08748 0.02459 12.92 8.628 0.09013 | A1 0.4834 A2 0.5183 B 0.4655 C 0.4684 | Y: (!A1 * !B * !C) + (!A2 * !B * !C)
AOI21xp33_ASAP7_75t_R 0.0729 0.02345 10.11 9.131 0.04875 | A1 0.4023 A2 0.3713 B 0.4423 | Y: (!A1 * !B) + (!A2 * !B)
AOI21xp5_ASAP7_75t_R 0.0729 0.03174 9.971 6.665 0.06378 | A1 0.5333 A2 0.502 B 0.5482 | Y: (!A1 * !B) + (!A2 * !B)
AOI22xp33_ASAP7_75t_R 0.08748 0.02939 11.43 10 0.05934 | A1 0.3659 A2 0.3978 B1 0.4026 B2 0.4238 | Y: (!A1 * !B1) + (!A1 * !B2) + (!A2 * !B1) + (!A2 * !B2)
AOI22xp5_ASAP7_75t_R 0.08748 0.04409 10.96 6.746 0.08256 | A1 0.5098 A2 0.5519 B1 0.5493 B2 0.5835 | Y: (!A1 * !B1) + (!A1 * !B2) + (!A2 * !B1) + (!A2 * !B2)
OA21x2_ASAP7_75t_R 0.10206 0.08891 20.97 2.34 0.285 | A1 0.5547 A2 0.5849 B 0.5727 | Y: (A1 * B) + (A2 * B)
OAI211xp5_ASAP7_75t_R 0.08748 0.03244 12.24 7.668 0.0894 | A1 0.4819 A2 0.5164 B 0.4649 C 0.4673 | Y: (!A1 * !A2) + (!B) + (!C)
OAI21xp33_ASAP7_75t_R 0.0729 0.02553 10.31 8.396 0.0552 | A1 0.4011 A2 0.4241 B 0.4126 | Y: (!A1 * !A2) + (!B)
OAI21xp5_ASAP7_75t_R 0.0729 0.03829 9.778 5.7 0.07588 | A1 0.5549 A2 0.5836 B 0.5593 | Y: (!A1 * !A2) + (!B)
OAI22xp33_ASAP7_75t_R 0.08748 0.02933 11.66 10.11 0.06213 | A1 0.4225 A2 0.4465 B1 0.3814 B2 0.4132 | Y: (!A1 * !A2) + (!B1 * !B2)
OAI22xp5_ASAP7_75t_R 0.08748 0.04399 10.94 6.825 0.08259 | A1 0.5493 A2 0.5839 B1 0.5036 B2 0.5487 | Y: (!A1 * !A2) + (!B1 * !B2)
DFFHQNx1_ASAP7_75t_R 0.2916 0.1149 46.37 6.465 0.5453 | CLK 0.4747 D 0.5588 | QN: IQN
`,
  {
    DFFHQNx1_ASAP7_75t_R: { state: "IQN", inverse: "IQNN", next: "!D", clock: "CLK", clockFj: 0.5281 },
  },
);
