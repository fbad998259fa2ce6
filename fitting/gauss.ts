/** Abscissas and weights of the eight-point Gauss–Legendre rule on [−1, 1] (Abramowitz & Stegun, Table 25.4), positive half. */
const X = [0.1834346424956498, 0.525532409916329, 0.7966664774136267, 0.9602898564975363];
const W = [0.362683783378362, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763];

/** Calls `visit(x, weight)` for the eight nodes on [from, to]. */
export function gauss8(from: number, to: number, visit: (x: number, weight: number) => void): void {
  const middle = 0.5 * (from + to);
  const half = 0.5 * (to - from);
  for (let k = 0; k < 4; k++) {
    visit(middle - half * X[k]!, half * W[k]!);
    visit(middle + half * X[k]!, half * W[k]!);
  }
}
